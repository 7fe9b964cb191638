// What observers are told by each that tells, and that no observer can hurt: neither one that throws nor one whose
// promise rejects.
import {
  bytesFile,
  CheckpointProcessor,
  type CheckpointState,
  checkpointId,
  logPosition,
  type PartitionBackupEvent,
  PartitionBackupManager,
  RestoreManager,
  RetentionManager,
  StoreUnavailable,
} from 'tidemark';
import {
  MemoryObjectStorage,
  RetryingStorage,
  TidemarkBackupStore,
  ZeebeBackupStore,
} from 'tidemark/objects';
import { FaultyStorage, ManualClock } from 'tidemark/testkit';
import { describe, expect, it } from 'vitest';
import { setUp as setUpRestore } from '../restore/set-up.ts';

const at = (id: number): CheckpointState => ({ checkpointId: checkpointId(id), position: logPosition(1) });

function world(observer?: (event: object) => unknown) {
  const clock = new ManualClock();
  const errors: object[] = [];
  const write = (fields: object, message: string) => {
    if (message === 'an observer threw') errors.push(fields);
  };
  const logger = { debug: write, info: write, warn: write, error: write };
  const memory = new MemoryObjectStorage({ clock });
  const faulty = new FaultyStorage({ storage: memory, clock });
  const random = { fraction: () => 0, hex: (bytes: number) => '0'.repeat(2 * bytes) };
  const told = observer as ((event: object) => void) | undefined;
  const storage = new RetryingStorage({ storage: faulty, clock, random, logger, observer: told });
  const store = new TidemarkBackupStore({ storage, clock, logger, observer: told }, { clusterId: 'a' });
  const file = bytesFile('log-1', Buffer.from('abc'));
  const segment = { name: 'log-1', firstPosition: logPosition(1), lastPosition: logPosition(1) };
  const source = {
    fail: '' as '' | 'reserve' | 'release',
    async reserve() {
      if (source.fail === 'reserve') throw new Error('reserve failed');
      const release = async () => {
        if (source.fail === 'release') throw new Error('release failed');
      };
      return { snapshots: [], segments: [{ ...segment, upTo: async () => file }], release };
    },
  };
  const manage = (over: ConstructorParameters<typeof PartitionBackupManager>[0]['store'] = store) =>
    new PartitionBackupManager(
      { store: over, source, clock, logger, ...(told === undefined ? {} : { observer: told }) },
      { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1' },
    );
  return { clock, logger, memory, faulty, storage, store, source, manage, errors, told };
}

function recorded() {
  const events: PartitionBackupEvent[] = [];
  const all = world((event) => events.push(event as PartitionBackupEvent));
  const types = () =>
    events.flatMap((event) =>
      event.type === 'progress' ? [] : [event.type === 'phase' ? event.phase : event.type],
    );
  return { ...all, events, types };
}

describe('a manager tells', () => {
  it('of pins and phases, in order, and what came of it', async () => {
    const { manage, types, events } = recorded();
    (await manage().take(at(1)))._unsafeUnwrap();
    const whole = ['started', 'reserve', 'pinned', 'upload', 'publish', 'released', 'completed'];
    expect(types().toSorted()).toEqual(whole.toSorted());
    expect(types().indexOf('released')).toBeGreaterThan(types().indexOf('publish'));
    expect(types().slice(-2)).toEqual(['released', 'completed']);
    expect(events.at(-1)).toMatchObject({ outcome: 'completed' });
    (await manage().take(at(1)))._unsafeUnwrap();
    expect(events.at(-1)).toMatchObject({ outcome: 'already-completed' });
  });

  it('of the same over the layout of Zeebe', async () => {
    const { manage, types, storage, clock, logger } = recorded();
    (await manage(new ZeebeBackupStore({ storage, clock, logger })).take(at(1)))._unsafeUnwrap();
    expect(types()).toContain('publish');
  });

  it('of no pins where the broker gave none', async () => {
    const { manage, types, source } = recorded();
    source.fail = 'reserve';
    expect((await manage().take(at(1))).isErr()).toBe(true);
    expect(types()).toEqual(['started', 'reserve', 'failed']);
  });

  it('of no release where there was none', async () => {
    const { manage, types, source } = recorded();
    source.fail = 'release';
    (await manage().take(at(1)))._unsafeUnwrap();
    expect(types()).not.toContain('released');
    expect(types().at(-1)).toBe('completed');
  });

  it('of deletes, good and bad', async () => {
    const { manage, events, store } = recorded();
    (await manage().delete(checkpointId(1)))._unsafeUnwrap();
    expect(events.at(-1)).toMatchObject({ type: 'deleted', id: { checkpointId: 1n, partitionId: 1 } });
    expect(events.at(-1)).not.toHaveProperty('error');
    await store.close();
    expect((await manage().delete(checkpointId(1))).isErr()).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'deleted', error: { name: 'Aborted' } });
  });
});

describe.each([
  [
    'throws',
    () => {
      throw new Error('bad observer');
    },
  ],
  ['rejects', () => Promise.reject(new Error('bad observer'))],
])('an observer that %s', (_, observer) => {
  it('hurts no backup, delete, retry, sweep or retention, and is told of', async () => {
    const { clock, manage, faulty, store, told, logger, errors } = world(observer);
    faulty.on('list').fail(new StoreUnavailable('list', 'down'));
    const taking = manage().take(at(1));
    await clock.advance(1000);
    expect((await taking)._unsafeUnwrap()).toBe('completed');
    (await manage().take(at(2)))._unsafeUnwrap();
    const components = { store, clock, logger, ...(told === undefined ? {} : { observer: told }) };
    const pruned = await new RetentionManager(components, {
      policy: { keepLast: 1 },
      partitionsCount: 1,
    }).prune();
    expect(pruned._unsafeUnwrap().deleted).toEqual([1n]);
    (await store.sweep())._unsafeUnwrap();
    (await manage().delete(checkpointId(2)))._unsafeUnwrap();
    await clock.advance(0);
    expect(errors.length).toBeGreaterThan(10);
  });

  it('hurts no checkpoint and no restore', async () => {
    let kept: CheckpointState | undefined;
    const put = (state: CheckpointState) => {
      kept = state;
    };
    const processor = new CheckpointProcessor({ state: { get: () => kept, put }, observer });
    processor.process({ checkpointId: checkpointId(3), position: logPosition(1) });
    expect(kept?.checkpointId).toBe(3n);
    const { store, target, clock } = setUpRestore();
    const { logger, errors } = world();
    const components = { store, target, clock, logger, observer };
    const manager = new RestoreManager(components, { partitionIds: [1, 2], partitionsCount: 2 });
    expect((await manager.restore(checkpointId(7))).isOk()).toBe(true);
    await clock.advance(0);
    expect(errors.length).toBeGreaterThan(3);
  });
});
