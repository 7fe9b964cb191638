// Restores a backup with the real manager into the real target, on a disk that loses its power: in the midst of it now
// and then, and always right after it has told that it is done.

import { processRecord } from '../../examples/ledger/process-record.ts';
import { scanSegment } from '../../examples/ledger/record.ts';
import { ledgerLayout } from '../../examples/ledger/restore-layout.ts';
import { nodeOf } from '../../examples/ledger/sharding.ts';
import { CheckpointProcessor } from '../../src/checkpoint/checkpoint-processor.ts';
import type { CheckpointId } from '../../src/core/ids.ts';
import type { RestorablePoint } from '../../src/core/restorable-ranges.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import type { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { PowerCutDisk } from '../runtime/power-cut-disk.ts';
import { checkFiles, checkState, checkTogether, type RestoredFiles } from './checkers/cut-check.ts';
import { decodeData, emptyData, MemoryState, type StateData } from './memory-state.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Surroundings } from './surroundings.ts';
import { hold } from './violation.ts';

const DIRECTORY = '/data';

export interface RestoreOperator {
  readonly store: TidemarkBackupStore;
  readonly process: SimulatedProcess;
}

/** Restores all nodes and holds the result against the cut. Gives the files of each partition. */
export async function restoreAndCheck(
  around: Surroundings,
  operator: RestoreOperator,
  id: CheckpointId,
): Promise<RestoredFiles[]> {
  const restored: RestoredFiles[] = [];
  for (let nodeId = 0; nodeId < around.settings.nodes; nodeId += 1) {
    const partitionIds = partitionsOn(around, nodeId);
    if (partitionIds.length > 0) restored.push(...(await restoreNode(around, operator, id, partitionIds)));
  }
  around.totals.restores += 1;
  checkRestored(around, id, restored);
  return restored;
}

/** Restores all nodes to a time, and holds the result against the cut of the point that it came to. Gives that. */
export async function restoreToAndCheck(
  around: Surroundings,
  operator: RestoreOperator,
  time: string,
): Promise<RestorablePoint> {
  const restored: RestoredFiles[] = [];
  let point: RestorablePoint | undefined;
  for (let nodeId = 0; nodeId < around.settings.nodes; nodeId += 1) {
    const partitionIds = partitionsOn(around, nodeId);
    if (partitionIds.length === 0) continue;
    const disk = new PowerCutDisk();
    const done = await manager(around, operator, disk, partitionIds).restoreTo(time);
    hold(done.isOk(), POINT, () => `to ${time}: ${done.isErr() ? done.error.message : ''}`);
    point ??= done.value.point;
    hold(
      point !== undefined && done.value.point?.checkpointId === point.checkpointId,
      POINT,
      () => `node ${nodeId} came to ${done.value.point?.checkpointId}, another one to ${point?.checkpointId}`,
    );
    restored.push(...filesOf(disk.afterPowerCut('lost'), partitionIds));
  }
  hold(point !== undefined, 'the simulation itself is sound', () => 'no node has a partition');
  around.totals['restores to a point'] += 1;
  if (point.checkpointId !== point.backupId) around.totals['logs cut at a restore'] += 1;
  checkRestored(around, point.checkpointId, restored);
  return point;
}

const POINT = 'what is told as restorable can be restored' as const;

function checkRestored(around: Surroundings, id: CheckpointId, restored: readonly RestoredFiles[]): void {
  const { book } = around;
  const states = new Map<number, StateData>();
  for (const partition of restored) {
    checkFiles(book, id, partition);
    const state = startingState(around, partition);
    checkState(book, id, partition.partitionId, state);
    states.set(partition.partitionId, state);
  }
  checkTogether(`checkpoint ${id}`, states);
}

/** What is not completed must be refused, and leave no trace. */
export async function assertRefused(
  around: Surroundings,
  operator: RestoreOperator,
  id: CheckpointId,
): Promise<void> {
  const disk = new PowerCutDisk();
  const done = await manager(around, operator, disk, partitionsOn(around, 0)).restore(id);
  hold(
    done.isErr() && disk.files().size === 0,
    'what is not completed is not restored',
    () => `backup ${id} was restored, or left something: ${[...disk.files().keys()]}`,
  );
  around.totals['restores refused'] += 1;
}

async function restoreNode(
  around: Surroundings,
  operator: RestoreOperator,
  id: CheckpointId,
  partitionIds: readonly number[],
): Promise<RestoredFiles[]> {
  const { chance, totals } = around;
  let disk = new PowerCutDisk();
  if (chance.is(0.3)) {
    disk.cutAt = chance.between(1, 60);
    const cut = await manager(around, operator, disk, partitionIds).restore(id);
    if (cut.isErr()) totals['restores cut short'] += 1;
    disk = disk.afterPowerCut(chance.pick(['lost', 'kept', 'lost for files']));
    // It may have been installed before the power went: then there is nothing left to do.
    if ([...disk.files().keys()].some((path) => path.startsWith(`${DIRECTORY}/partitions/`))) {
      return filesOf(disk, partitionIds);
    }
  }
  const done = await manager(around, operator, disk, partitionIds).restore(id);
  hold(
    done.isOk(),
    'what is completed can be restored',
    () => `backup ${id}: ${done.isErr() ? done.error.message : ''}`,
  );
  const files = filesOf(disk, partitionIds);
  const after = filesOf(disk.afterPowerCut('lost'), partitionIds);
  for (const [index, partition] of files.entries()) {
    for (const [path, bytes] of partition.files) {
      hold(
        after[index]?.files.get(path)?.equals(bytes) === true,
        'a restore that succeeded outlives a power cut',
        () => `backup ${id}: ${path} of partition ${partition.partitionId} is lost`,
      );
    }
  }
  return files;
}

function manager(
  { settings }: Surroundings,
  { store, process }: RestoreOperator,
  disk: PowerCutDisk,
  partitionIds: readonly number[],
): RestoreManager {
  const target = new DirectoryRestoreTarget({ directory: DIRECTORY }, disk, ledgerLayout);
  return new RestoreManager(
    { store, target, clock: process.clock, logger: silentLogger },
    { partitionIds, partitionsCount: settings.partitions },
  );
}

function partitionsOn({ settings }: Surroundings, nodeId: number): number[] {
  const all = Array.from({ length: settings.partitions }, (_, index) => index + 1);
  return all.filter((partitionId) => nodeOf(partitionId, settings.nodes) === nodeId);
}

function filesOf(disk: PowerCutDisk, partitionIds: readonly number[]): RestoredFiles[] {
  const all = disk.files();
  return partitionIds.map((partitionId) => {
    const prefix = `${DIRECTORY}/partitions/${partitionId}/`;
    const own = [...all].filter(([path]) => path.startsWith(prefix));
    return { partitionId, files: new Map(own.map(([path, bytes]) => [path.slice(prefix.length), bytes])) };
  });
}

/** The state that a broker starts with: the snapshot, and the log behind it. */
function startingState({ settings }: Surroundings, { files }: RestoredFiles): StateData {
  const snapshot = [...files].find(([path]) => path.startsWith('snapshots/'));
  const data = snapshot === undefined ? emptyData() : decodeData(snapshot[1]);
  const state = new MemoryState(data, () => {});
  const context = {
    state,
    checkpoints: new CheckpointProcessor({ state }),
    partitions: settings.partitions,
  };
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const first = /^log\/(\d{20})\.log$/.exec(path)?.[1];
    if (first === undefined) continue;
    for (const { record } of scanSegment(bytes, BigInt(first)).records) {
      if (record.position <= state.processed) continue;
      processRecord(context, record);
      state.processed = record.position;
    }
  }
  return data;
}
