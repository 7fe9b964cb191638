// The steps that the cases of the backup store contract are made of. Uses nothing but the port.
import assert from 'node:assert/strict';
import type { Result, ResultAsync } from 'neverthrow';
import type { BackupFile, BackupId, PartitionBackup } from '../core/backup.ts';
import { type CheckpointId, checkpointId } from '../core/ids.ts';
import type { BackupStatus, BackupStatusCode } from '../core/status.ts';
import type { BackupQuery, BackupStore, SaveBackupError } from '../ports/backup-store.ts';
import { GatedFile, readWhole, sampleBackup, sampleFile } from './sample-backups.ts';

interface GateOptions {
  readonly checkpointId?: number;
  readonly nodeId?: number;
  readonly term?: bigint;
  readonly signal?: AbortSignal;
}

/** Starts a save and waits until it stands at a gate, in the midst of a file. */
export async function saveUpToTheGate(store: BackupStore, { signal, ...sample }: GateOptions = {}) {
  const gate = new GatedFile('gated');
  const segmentFiles = [sampleFile('first', 5_000), gate];
  const backup = sampleBackup({ ...sample, segmentFiles });
  const saving: ResultAsync<void, SaveBackupError> = store.save(backup, { signal });
  const first = await Promise.race([gate.reached, saving]);
  if (first !== undefined) unwrap(first);
  return { gate, backup, saving };
}

export function brokenBackup(sample: {
  checkpointId?: number;
  nodeId?: number;
  term?: bigint;
}): PartitionBackup {
  return sampleBackup({ ...sample, segmentFiles: [throwingFile('broken')] });
}

export function throwingFile(name: string): BackupFile {
  return {
    name,
    sizeBytes: 100,
    async *open() {
      yield new Uint8Array(50);
      throw new Error('the disk is gone');
    },
  };
}

export async function rowOf(store: BackupStore, id: BackupId): Promise<BackupStatus | undefined> {
  const { backups } = unwrap(await store.list({ ...id, details: true }));
  assert.ok(backups.length <= 1, 'one copy has several rows');
  return backups[0];
}

export async function statusOf(store: BackupStore, id: BackupId): Promise<BackupStatusCode> {
  return (await rowOf(store, id))?.statusCode ?? 'DOES_NOT_EXIST';
}

export async function assertStates(
  store: BackupStore,
  expected: Record<number, BackupStatusCode>,
): Promise<void> {
  const { backups } = unwrap(await store.list({}));
  assert.deepEqual(Object.fromEntries(backups.map((row) => [row.id.checkpointId, row.statusCode])), expected);
}

/** Lists with limits 1 to 6 and looks that the pages together are the whole, each checkpoint in one page. */
export async function assertPages(
  store: BackupStore,
  query: BackupQuery,
  expected: readonly number[],
  rowsEach: number,
): Promise<void> {
  const wanted = expected.flatMap((id) => Array<CheckpointId>(rowsEach).fill(checkpointId(id)));
  for (let limit = 1; limit <= 6; limit += 1) {
    const seen: CheckpointId[] = [];
    for (let before = query.before; ; ) {
      const page = unwrap(await store.list({ ...query, limit, before }));
      const ids = page.backups.map(({ id }) => id.checkpointId);
      assert.ok(new Set(ids).size <= limit, `a page has more than ${limit} checkpoints`);
      seen.push(...ids);
      if (page.next === undefined) break;
      before = page.next;
    }
    assert.deepEqual(seen, wanted, `in pages of ${limit}`);
  }
}

export async function readingError(store: BackupStore, { id }: PartitionBackup): Promise<Error | undefined> {
  const opened = await store.open(id);
  if (opened.isErr()) return opened.error;
  try {
    for (const file of [...opened.value.snapshotFiles, ...opened.value.segmentFiles]) await readWhole(file);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

export function matches(query: BackupQuery, id: BackupId): boolean {
  return (
    (query.checkpointId === undefined || query.checkpointId === id.checkpointId) &&
    (query.partitionId === undefined || query.partitionId === id.partitionId) &&
    (query.nodeId === undefined || query.nodeId === id.nodeId)
  );
}

export function byId(a: BackupId, b: BackupId): number {
  if (a.checkpointId !== b.checkpointId) return a.checkpointId > b.checkpointId ? 1 : -1;
  return a.partitionId - b.partitionId || a.nodeId - b.nodeId;
}

export function unwrap<T>(result: Result<T, Error>): T {
  if (result.isErr()) throw result.error;
  return result.value;
}

export async function expectError(call: ResultAsync<unknown, Error>, name: string, what = ''): Promise<void> {
  const result = await call;
  assert.ok(result.isErr(), `expected ${name}, and the call succeeded ${what}`);
  assert.equal(result.error.name, name, `${result.error.message} ${what}`);
}
