// What may be stopped: one row per thing that the library does with a store. A row says what is there before, what is
// done, how the next process goes on, and what is promised to whoever hears that it was done.
import { err, ResultAsync } from 'neverthrow';
import { saveCopies } from '../../src/cli/save-copies.ts';
import { BackupAlreadyExists, type BackupError } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { FAILED_BACKUPS_KEPT_MS, SWEEP_GRACE_MS } from '../../src/core/limits.ts';
import { fromAsync } from '../../src/core/result.ts';
import type { BackupStatusCode } from '../../src/core/status.ts';
import type { SweepOptions } from '../../src/ports/backup-store.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { RetentionManager } from '../../src/retention/retention-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { PowerCutDisk } from '../runtime/power-cut-disk.ts';
import type { Call } from '../stores/scripted-storage.ts';
import { type BrokerProcess, type CrashWorld, type LayoutName, positionOf, STALE_MS } from './crash-world.ts';

/** The checkpoint that is at stake. */
export const SUBJECT = checkpointId(2);

export interface CrashScenario {
  readonly name: string;
  readonly layouts?: readonly LayoutName[];
  /** The checkpoints with a whole backup. */
  readonly before: readonly number[];
  readonly prepare?: (world: CrashWorld) => Promise<void>;
  readonly act: (broker: BrokerProcess, world: CrashWorld) => ResultAsync<unknown, BackupError>;
  /** Repeats it or brings it to its end. Default: the same again. */
  readonly resume?: CrashScenario['act'];
  /** The state of the subject once it is done. Without it the subject stays what it is. */
  readonly promises?: BackupStatusCode;
  /** The subject may come back after it had failed: that is what is asked for. */
  readonly makesRoom?: boolean;
  /** It changes nothing in the store. */
  readonly isReadOnly?: boolean;
  /** The successor is stopped at each of its requests too. */
  readonly isStoppedTwice?: boolean;
  /** What else must hold in the end. */
  readonly check?: (world: CrashWorld) => Promise<void>;
}

const NATIVE: readonly LayoutName[] = ['native'];

const take = ({ manager }: BrokerProcess) =>
  manager.take({ checkpointId: SUBJECT, position: positionOf(SUBJECT) });

const settleAndTake = (broker: BrokerProcess) => broker.manager.settleOrphans().andThen(() => take(broker));

/** A leader of term 1 that stops right after the first request that fits. */
async function leaveOrphan(world: CrashWorld, at: (call: Call) => boolean): Promise<void> {
  const broker = world.start({ nodeId: 0, term: 1n }, { mode: 'stopped after', at });
  const end = await world.run(broker, take(broker));
  if (end !== 'stopped') throw new Error('the leader was to die');
}

const isFilePut = ({ operation, key }: Call) =>
  operation === 'put' && /\/chunks\/|\/snapshot\/|\/segments\//.test(key);
const isSealPut = ({ operation, key }: Call) => operation === 'put' && key.endsWith('.seal');
const isManifestPut = ({ operation, key }: Call) => operation === 'put' && key.includes('/completed.');

const disks = new WeakMap<CrashWorld, PowerCutDisk>();

function restore({ store, clock }: BrokerProcess, world: CrashWorld): ResultAsync<unknown, BackupError> {
  const disk = disks.get(world) ?? new PowerCutDisk();
  disks.set(world, disk);
  const target = new DirectoryRestoreTarget({ directory: '/data' }, disk);
  const components = { store, target, clock, logger: silentLogger };
  return new RestoreManager(components, { partitionIds: [1], partitionsCount: 1 }).restore(SUBJECT);
}

async function assertRestored(world: CrashWorld): Promise<void> {
  const content = disks.get(world)?.content() ?? {};
  const names = Object.keys(content).map((path) => path.replace(/snapshot-2-\d/, 'snapshot-2'));
  const expected = [
    'log/log-1',
    ...['CURRENT', 'LOCK', 'base.sst'].map((name) => `snapshots/snapshot-2/${name}`),
  ];
  const wanted = expected.map((path) => `/data/partitions/1/${path}`);
  wanted.push('/data/partitions/.tidemark-restored.json');
  if (names.sort().join() !== wanted.sort().join()) throw new Error(`restored: ${names.join(' ')}`);
}

function copy({ store, source }: BrokerProcess, isWriterGone = false): ResultAsync<unknown, BackupError> {
  const { signal } = new AbortController();
  return fromAsync<unknown, BackupError>(async () => {
    const page = await source.list({ checkpointId: SUBJECT }, { signal });
    if (page.isErr()) return err(page.error);
    const [row] = page.value.backups;
    if (row === undefined) throw new Error('the source is empty');
    const opened = await source.open(row.id, { signal });
    if (opened.isErr()) return err(opened.error);
    const { id, descriptor, snapshotFiles, segmentFiles } = opened.value;
    const backups = [{ id, term: 0n, descriptor, snapshotFiles, segmentFiles }];
    return saveCopies(store, SUBJECT, backups, {
      isWriterGone,
      leftBehind: 'the copying stopped',
      ifUnderWay: 'wait',
      signal,
      onProgress() {},
    });
  });
}

/** Of what a killed run left in progress the operator says that nobody is at work on it, once that is sure. */
function copyAgain(broker: BrokerProcess): ResultAsync<unknown, BackupError> {
  return copy(broker).orElse((error) => {
    const isLeft = error instanceof BackupAlreadyExists && error.statusCode === 'IN_PROGRESS';
    if (!isLeft) return err(error);
    return ResultAsync.fromSafePromise(broker.clock.sleep(STALE_MS + 1)).andThen(() => copy(broker, true));
  });
}

function sweep({ store }: Pick<BrokerProcess, 'store'>, options: SweepOptions = {}) {
  if (store.sweep === undefined) throw new Error('the layout has no sweep');
  return store.sweep(options);
}

export const SCENARIOS: readonly CrashScenario[] = [
  { name: 'take the first backup', before: [], act: take, resume: settleAndTake, promises: 'COMPLETED' },
  {
    name: 'take a backup that builds on another',
    before: [1],
    act: take,
    resume: settleAndTake,
    promises: 'COMPLETED',
    isStoppedTwice: true,
  },
  {
    name: 'take a backup that lasts several signs of life',
    layouts: NATIVE,
    before: [1],
    prepare: async (world) => {
      world.readingMs = 40_000;
    },
    act: take,
    resume: settleAndTake,
    promises: 'COMPLETED',
  },
  {
    name: 'delete a backup that others stand beside',
    before: [1, 2, 3],
    act: ({ manager }) => manager.delete(SUBJECT),
    promises: 'DOES_NOT_EXIST',
    isStoppedTwice: true,
  },
  {
    name: 'delete what a dead leader left in progress',
    before: [1],
    prepare: (world) => leaveOrphan(world, isFilePut),
    act: ({ manager }) => manager.delete(SUBJECT),
    promises: 'DOES_NOT_EXIST',
  },
  {
    name: 'settle what a dead leader left in progress',
    before: [1],
    prepare: (world) => leaveOrphan(world, isFilePut),
    act: ({ manager }) => manager.settleOrphans(),
    promises: 'FAILED',
  },
  {
    name: 'settle what died with the seal in its hand',
    layouts: NATIVE,
    before: [1],
    prepare: async (world) => {
      await leaveOrphan(world, isSealPut);
      await world.clock.advance(STALE_MS + 1);
    },
    act: ({ manager }) => manager.settleOrphans(),
    promises: 'FAILED',
  },
  {
    name: 'settle what died right after its publication',
    layouts: NATIVE,
    before: [1],
    prepare: (world) => leaveOrphan(world, isManifestPut),
    act: ({ manager }) => manager.settleOrphans(),
    promises: 'COMPLETED',
  },
  {
    name: 'mark as failed what nobody began',
    before: [1],
    act: ({ store, nodeId, term }) =>
      store.markFailed({ checkpointId: SUBJECT, partitionId: 1, nodeId }, 'not possible', { term }),
    promises: 'FAILED',
  },
  {
    name: 'list and ask for the state, beside a dead attempt',
    before: [1, 3],
    prepare: (world) => leaveOrphan(world, isFilePut),
    act: ({ manager, store }) =>
      manager
        .list()
        .andThen(() => manager.status(SUBJECT))
        .andThen(() => store.list({ details: true }))
        .andThen(() => store.unsettled(1)),
    resume: ({ manager }) => manager.status(SUBJECT).andThen(() => manager.settleOrphans()),
    isReadOnly: true,
  },
  {
    name: 'sweep what a deleted backup left',
    layouts: NATIVE,
    before: [1, 2, 3],
    prepare: async (world) => {
      const broker = world.start({ nodeId: 0, term: 1n });
      (await broker.manager.delete(SUBJECT))._unsafeUnwrap();
      await world.clock.advance(SWEEP_GRACE_MS + 1);
    },
    act: (broker) => sweep(broker),
    promises: 'DOES_NOT_EXIST',
    isStoppedTwice: true,
    check: async (world) => {
      const report = (await sweep({ store: world.view() }, { dryRun: true }))._unsafeUnwrap();
      const garbage = report.partitions.map(({ found }) => found?.garbage.chunks);
      if (garbage.join() !== '0') throw new Error(`the sweep left ${garbage.join()} chunks`);
    },
  },
  {
    name: 'prune an old backup, and sweep',
    before: [2],
    prepare: async (world) => {
      // What failed stays for a while, and of Zeebe's layout so does what is half deleted.
      await world.clock.advance(FAILED_BACKUPS_KEPT_MS);
      const broker = world.start({ nodeId: 0, term: 1n });
      (await broker.store.save(world.backup(checkpointId(3), broker)))._unsafeUnwrap();
    },
    act: ({ store, clock }) =>
      new RetentionManager({ store, clock }, { policy: { keepLast: 1 }, partitionsCount: 1 }).prune({
        sweep: true,
      }),
    promises: 'DOES_NOT_EXIST',
  },
  {
    name: 'restore',
    before: [1, 2],
    act: restore,
    resume: restore,
    isReadOnly: true,
    check: assertRestored,
  },
  {
    name: 'copy from another store',
    before: [1],
    prepare: async (world) => {
      const broker = world.start({ nodeId: 0, term: 1n });
      (await broker.source.save(world.backup(SUBJECT, broker)))._unsafeUnwrap();
    },
    act: (broker) => copy(broker),
    resume: copyAgain,
    promises: 'COMPLETED',
    makesRoom: true,
  },
];
