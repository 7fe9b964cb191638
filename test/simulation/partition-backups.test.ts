// Two leaders of one partition over one store that fails and falls silent, with everything that may go on at once, on a
// clock under control. Each seed is one run; what must hold afterwards is what an operator relies on.
import { describe, expect, it } from 'vitest';
import { type CheckpointId, checkpointId, logPosition } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import { PartitionBackupManager } from '../../src/partition/partition-backup-manager.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { type Fate, ScriptedStorage } from '../stores/scripted-storage.ts';

const SEEDS = 200;
const STEPS = 25;
const STALE = 60_000;

/** Small and the same everywhere: mulberry32. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const logOf = (id: CheckpointId) => Buffer.from(`log up to ${id} `.repeat(40));

class World {
  readonly clock = new ManualClock();
  readonly memory = new MemoryObjectStorage({ clock: this.clock });
  readonly next: () => number;
  pinned = 0;
  made = 0;
  trouble = 0;

  constructor(seed: number) {
    this.next = chance(seed);
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T;
  }

  store(): TidemarkBackupStore {
    const { clock, next } = this;
    const random = {
      fraction: next,
      hex: (bytes: number) => {
        this.made += 1;
        return this.made.toString(16).padStart(bytes * 2, '0');
      },
    };
    const scripted = new ScriptedStorage(this.memory);
    scripted.script = async (): Promise<Fate> => {
      if (next() < 0.3) await clock.sleep(Math.floor(next() * 3_000));
      if (next() >= this.trouble) return 'done';
      return this.pick('refused', 'lost', 'silent before', 'silent after');
    };
    const storage = new RetryingStorage({ storage: scripted, clock, random }, { apiCallTimeoutMs: 20_000 });
    return new TidemarkBackupStore({ storage, clock, random }, { chunkSizeBytes: 256, staleAfterMs: STALE });
  }

  node(nodeId: number, term: bigint) {
    const store = this.store();
    const reserve = async () => {
      this.pinned += 1;
      let held = true;
      const segment = {
        name: 'log',
        firstPosition: logPosition(1),
        lastPosition: logPosition(1_000),
        upTo: async (position: bigint) => bytesFile('log', logOf(checkpointId(position))),
      };
      const release = async () => {
        if (held) this.pinned -= 1;
        held = false;
      };
      return { snapshots: [], segments: [segment], release };
    };
    const manager = new PartitionBackupManager(
      { store, source: { reserve }, clock: this.clock, logger: silentLogger },
      { nodeId, partitionId: 1, term, numberOfPartitions: 1, brokerVersion: '1', deadlineMs: 300_000 },
    );
    return { store, manager };
  }
}

/** Moves time on until it has come to its end: nothing may wait for longer than an hour. */
async function inTime(clock: ManualClock, work: Promise<unknown>): Promise<void> {
  let ended = false;
  const watched = work.finally(() => {
    ended = true;
  });
  for (let turn = 0; turn < 360 && !ended; turn += 1) await clock.advance(10_000);
  if (!ended) throw new Error('something waits for ever');
  await watched;
}

async function run(seed: number) {
  const world = new World(seed);
  const { clock } = world;
  world.trouble = world.pick(0, 0.02, 0.1);
  const nodes = [world.node(0, 1n), world.node(1, 2n)];
  const going: Promise<unknown>[] = [];
  const completed = new Set<CheckpointId>();
  const deleted = new Set<CheckpointId>();
  for (let step = 0; step < STEPS; step += 1) {
    const { manager } = world.pick(...nodes);
    const id = checkpointId(world.pick(1, 2, 3));
    const todo = world.pick('take', 'take', 'delete', 'settle', 'wait', 'wait', 'close');
    if (todo === 'take') {
      const position = logPosition(id);
      going.push(Promise.resolve(manager.take({ checkpointId: id, position }).map(() => completed.add(id))));
    }
    if (todo === 'delete') {
      deleted.add(id);
      going.push(Promise.resolve(manager.delete(id)));
    }
    if (todo === 'settle') going.push(Promise.resolve(manager.settleOrphans()));
    if (todo === 'close' && step > STEPS / 2) going.push(manager.close());
    await clock.advance(Math.floor(world.next() * (todo === 'wait' ? 40_000 : 500)));
  }
  world.trouble = 0;
  await inTime(clock, Promise.all(going));
  await inTime(clock, Promise.all(nodes.map(({ manager }) => manager.close())));
  await inTime(clock, Promise.all(nodes.map(({ store }) => store.close())));
  await clock.advance(2 * STALE);
  return { world, completed, deleted };
}

describe('whatever happens to two leaders and their store', () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
    const { world, completed, deleted } = await run(seed);
    const { clock, memory } = world;
    expect(world.pinned).toBe(0);
    expect(clock.sleeping).toBe(0);

    const store = new TidemarkBackupStore({ storage: memory, clock }, { staleAfterMs: STALE });
    const rows = (await store.list({ details: true }))._unsafeUnwrap().backups;
    expect(rows.filter((row) => row.statusCode === 'IN_PROGRESS')).toEqual([]);
    for (const { id, statusCode, failureReason } of rows) {
      if (statusCode !== 'COMPLETED') {
        expect(failureReason).toMatch(/./);
        continue;
      }
      const opened = (await store.open(id))._unsafeUnwrap();
      const [log] = opened.segmentFiles;
      const parts: Uint8Array[] = [];
      for await (const part of log?.open() ?? []) parts.push(part);
      expect(Buffer.concat(parts)).toEqual(logOf(id.checkpointId));
    }
    const whole = new Set(
      rows.filter((row) => row.statusCode === 'COMPLETED').map((row) => row.id.checkpointId),
    );
    for (const id of completed) if (!deleted.has(id)) expect(whole.has(id)).toBe(true);

    // What is left can be cleared away, and stays away.
    for (const { id } of rows) (await store.delete(id))._unsafeUnwrap();
    for (const { id, term } of (await store.unsettled(1))._unsafeUnwrap()) {
      (await store.markFailed(id, 'left over', { term }))._unsafeUnwrap();
      (await store.delete(id))._unsafeUnwrap();
    }
    const left = (await memory.list(''))._unsafeUnwrap().objects.map(({ key }) => key);
    // A seal alone means nothing.
    expect(left.filter((key) => !/\/chunks\/|\.seal$/.test(key))).toEqual([]);
  });
});
