// Retries under a clock that only the test moves, against a storage that fails on demand.
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import {
  ObjectAlreadyExists,
  ObjectNotFound,
  StoreAccessDenied,
  StoreUnavailable,
} from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { MeteredStorage } from '../../src/objects/metered-storage.ts';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import { FaultyStorage } from '../../src/testkit/faulty-storage.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';

const unavailable = new StoreUnavailable('put', 'status=503');
const body = new TextEncoder().encode('body');

function setUp(apiCallTimeoutMs = 60_000) {
  const clock = new ManualClock();
  const memory = new MemoryObjectStorage({ clock });
  const faults = new FaultyStorage({ storage: memory, clock });
  const meter = new MeteredStorage({ storage: faults });
  // The longest waits there can be: 100 ms, 200 ms, 400 ms.
  const random = { fraction: () => 1 };
  const storage = new RetryingStorage({ storage: meter, clock, random }, { apiCallTimeoutMs });
  return { clock, memory, faults, meter, storage };
}

describe('RetryingStorage', () => {
  it('tries again after waits that double', async () => {
    const { clock, faults, meter, storage } = setUp();
    faults.on('put').fail(unavailable).times(3);
    const putting = storage.put('key', body);
    await clock.advance(99);
    expect(meter.counts().put).toBe(1);
    await clock.advance(1);
    expect(meter.counts().put).toBe(2);
    await clock.advance(200);
    expect(meter.counts().put).toBe(3);
    await clock.advance(399);
    expect(meter.counts().put).toBe(3);
    await clock.advance(1);
    expect((await putting).isOk()).toBe(true);
    faults.verifyAllFired();
    expect(clock.sleeping).toBe(0);
  });

  it('tells of each attempt that is tried again', async () => {
    const { clock, faults, meter } = setUp();
    const told: object[] = [];
    const logger = { warn: (fields: object) => void told.push(fields) };
    const storage = new RetryingStorage({ storage: meter, clock, random: { fraction: () => 1 }, logger });
    faults.on('put').fail(unavailable).times(2);
    const putting = storage.put('key', body);
    await clock.advance(300);
    expect((await putting).isOk()).toBe(true);
    expect(told).toEqual([
      { operation: 'put key', attempt: 1, waitMs: 100, err: unavailable },
      { operation: 'put key', attempt: 2, waitMs: 200, err: unavailable },
    ]);
  });

  it('gives the last failure, with the number of attempts, when the time is up', async () => {
    const { clock, faults, storage } = setUp(1_000);
    faults.on('list').fail(unavailable).times(100);
    const listing = storage.list('');
    await clock.advance(1_000);
    const error = (await listing)._unsafeUnwrapErr();
    expect(error.name).toBe('StoreUnavailable');
    expect(error.message).toContain('attempts=4');
    expect(error.cause).toBe(unavailable);
    expect(clock.sleeping).toBe(0);
  });

  it('ends a call that hangs at its limit', async () => {
    const { clock, faults, storage } = setUp(1_000);
    faults.on('get').hang();
    const getting = storage.get('key');
    await clock.advance(1_000);
    expect((await getting)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
  });

  it('tells the failure before a hang, not the hang', async () => {
    const { clock, faults, storage } = setUp(1_000);
    faults.on('get').fail(unavailable);
    faults.on('get').hang();
    const getting = storage.get('key');
    await clock.advance(1_000);
    const error = (await getting)._unsafeUnwrapErr();
    expect(error.name).toBe('StoreUnavailable');
    expect(error.message).toContain('attempts=1');
  });

  it('does not retry what will not get better', async () => {
    const { faults, meter, storage } = setUp();
    faults.on('get').fail(new StoreAccessDenied('get', 'status=403'));
    expect((await storage.get('key'))._unsafeUnwrapErr().name).toBe('StoreAccessDenied');
    expect((await storage.get('key'))._unsafeUnwrapErr()).toBeInstanceOf(ObjectNotFound);
    expect(meter.counts().get).toBe(2);
  });

  it('waits at least as long as the store asks for', async () => {
    const { clock, faults, meter, storage } = setUp();
    faults.on('head').fail(new StoreUnavailable('head', 'status=503', undefined, 5_000));
    const heading = storage.head('key');
    await clock.advance(5_099);
    expect(meter.counts().head).toBe(1);
    await clock.advance(1);
    await heading;
    expect(meter.counts().head).toBe(2);
  });

  it('gives up at once when the store asks for more time than there is', async () => {
    const { faults, storage } = setUp(1_000);
    faults.on('head').fail(new StoreUnavailable('head', 'status=503', undefined, 5_000));
    expect((await storage.head('key'))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
  });

  it.each(['caller', 'close'])('ends a wait at once when called off: %s', async (who) => {
    const { clock, faults, storage } = setUp();
    faults.on('delete').fail(unavailable).times(2);
    const caller = new AbortController();
    const deleting = storage.delete(['key'], { signal: caller.signal });
    await clock.advance(50);
    if (who === 'caller') caller.abort();
    else await storage.close();
    expect((await deleting)._unsafeUnwrapErr().name).toBe('Aborted');
    expect(clock.sleeping).toBe(0);
  });

  it('ends a call that is called off when the attempt has let go of what it was lent, or after a second', async () => {
    const { clock, memory } = setUp();
    const into = new Uint8Array(new SharedArrayBuffer(4));
    const letGo = Promise.withResolvers<void>();
    const slow = Object.assign(Object.create(memory) as MemoryObjectStorage, {
      get: (key: string) =>
        fromAsync(async () => {
          await letGo.promise;
          // What was under way when it was called off.
          into.fill(1);
          return err(new ObjectNotFound(key));
        }),
    });
    const storage = new RetryingStorage({ storage: slow, clock, random: { fraction: () => 1 } });
    for (const isLettingGo of [false, true]) {
      const caller = new AbortController();
      let isOver = false;
      const getting = Promise.resolve(storage.get('key', { into, signal: caller.signal })).finally(() => {
        isOver = true;
      });
      caller.abort();
      await clock.advance(999);
      expect(isOver).toBe(false);
      if (isLettingGo) letGo.resolve();
      else await clock.advance(1);
      expect((await getting)._unsafeUnwrapErr().name).toBe('Aborted');
      expect(into[0]).toBe(isLettingGo ? 1 : 0);
      expect(clock.sleeping).toBe(0);
    }
  });

  it('takes its own object for a success when the answer to a create-only put was lost', async () => {
    const { clock, faults, storage } = setUp();
    faults.on('put').doThenFail(unavailable);
    const putting = storage.put('key', body, { ifAbsent: true });
    await clock.advance(100);
    expect((await putting).isOk()).toBe(true);
    faults.verifyAllFired();
  });

  it('keeps retrying while it cannot tell whose object is there', async () => {
    const { clock, faults, storage } = setUp();
    faults.on('put').doThenFail(unavailable);
    faults.on('get').fail(unavailable);
    const putting = storage.put('key', body, { ifAbsent: true });
    await clock.advance(300);
    expect((await putting).isOk()).toBe(true);
    faults.verifyAllFired();
  });

  it("takes another writer's object for what it is", async () => {
    const { clock, memory, faults, storage } = setUp();
    faults.on('put').fail(unavailable);
    const putting = storage.put('key', body, { ifAbsent: true });
    (await memory.put('key', new Uint8Array([1])))._unsafeUnwrap();
    await clock.advance(100);
    expect((await putting)._unsafeUnwrapErr()).toBeInstanceOf(ObjectAlreadyExists);
  });

  it('reads nothing when a first create-only put finds an object', async () => {
    const { meter, storage } = setUp();
    (await storage.put('key', body, { ifAbsent: true }))._unsafeUnwrap();
    const again = await storage.put('key', body, { ifAbsent: true });
    expect(again._unsafeUnwrapErr()).toBeInstanceOf(ObjectAlreadyExists);
    expect(meter.counts().get).toBe(0);
  });

  it('contains a storage that throws', async () => {
    const { faults, storage } = setUp();
    const cause = new TypeError('a bug');
    faults.on('put').throw(cause);
    const error = (await storage.put('key', body))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.cause).toBe(cause);
  });
});

describe('MeteredStorage', () => {
  it('counts calls and bytes, and its snapshots stand still', async () => {
    const meter = new MeteredStorage({ storage: new MemoryObjectStorage({ clock: new ManualClock() }) });
    const before = meter.counts();
    await meter.put('a', new Uint8Array(10));
    await meter.get('a', { range: { start: 2, length: 3 } });
    await meter.get('missing');
    await meter.head('a');
    await meter.list('');
    await meter.delete(['a', 'b']);
    const counts = { put: 1, get: 2, head: 1, list: 1, delete: 1, bytesSent: 10, bytesReceived: 3 };
    expect(meter.counts()).toEqual(counts);
    expect(before.put).toBe(0);
    meter.reset();
    expect(meter.counts()).toEqual(before);
  });
});

describe('FaultyStorage', () => {
  it('tells which faults no call met', async () => {
    const { faults } = setUp();
    faults
      .on('put', (key) => key === 'a')
      .fail(unavailable)
      .times(2);
    await faults.put('b', body);
    expect(() => faults.verifyAllFired()).toThrow('put: fail StoreUnavailable (2 left)');
    expect((await faults.put('a', body)).isErr()).toBe(true);
    expect(() => faults.verifyAllFired()).toThrow('(1 left)');
    expect((await faults.put('a', body)).isErr()).toBe(true);
    expect((await faults.put('a', body)).isOk()).toBe(true);
    faults.verifyAllFired();
  });

  it('delays a call on the clock', async () => {
    const { clock, faults } = setUp();
    faults.on('put').delay(1_000).pass();
    let done = false;
    const putting = faults.put('a', body).then(() => {
      done = true;
    });
    await clock.advance(999);
    expect(done).toBe(false);
    await clock.advance(1);
    await putting;
    expect(done).toBe(true);
  });
});
