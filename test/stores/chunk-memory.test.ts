// Memory is lent to one at a time, in turn, and never taken for another's while somebody may still use it.
import { describe, expect, it, vi } from 'vitest';
import { ChunkMemories, ChunkMemory } from '../../src/stores/chunk-memory.ts';

const never = new AbortController().signal;
const settled = async (promise: Promise<unknown>) => {
  const other = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(other)])) !== other;
};

describe('chunk memory', () => {
  it('lends what was given back, and not what was given up', async () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 2 });
    const first = memory.takeNow(60);
    first.giveBack();
    const second = memory.takeNow(100);
    expect(second.bytes.buffer).toBe(first.bytes.buffer);
    expect(second.bytes).toHaveLength(100);
    second.giveUp();
    expect(memory.takeNow(100).bytes.buffer).not.toBe(first.bytes.buffer);
  });

  it('ends a loan once, by whichever end comes first', () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 2 });
    const lent = memory.takeNow(100);
    lent.giveBack();
    lent.giveUp();
    lent.giveBack();
    expect(memory.lent).toBe(0);
    expect(memory.takeNow(1).bytes.buffer).not.toBe(memory.takeNow(1).bytes.buffer);
  });

  it('makes larger pieces for the chunks of others, and keeps no more of them than it lends', () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 1 });
    const large = memory.takeNow(1_000);
    expect(large.bytes).toHaveLength(1_000);
    large.giveBack();
    const again = memory.takeNow(1_000);
    expect(again.bytes.buffer).toBe(large.bytes.buffer);
    again.giveBack();
    expect(memory.takeNow(5_000).bytes).toHaveLength(5_000);
  });

  it('keeps no more than it lends in turn of what many took without waiting', () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 2 });
    const taken = Array.from({ length: 9 }, () => memory.takeNow(100));
    const before = new Set(taken.map(({ bytes }) => bytes.buffer));
    for (const { giveBack } of taken) giveBack();
    const again = Array.from({ length: 9 }, () => memory.takeNow(100).bytes.buffer);
    expect(again.filter((buffer) => before.has(buffer))).toHaveLength(2);
  });

  it.each([
    ['cannot reserve addresses', 'may not'],
    ['has none', undefined],
  ])('has other memory where WebAssembly %s', (_, reason) => {
    class Refusing {
      constructor() {
        throw new RangeError(reason);
      }
    }
    vi.stubGlobal('WebAssembly', reason && { Memory: Refusing });
    try {
      const { bytes } = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 2 }).takeNow(70_000);
      expect(bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(bytes.buffer.byteLength).toBe(70_000 + 16);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('waits in turn when all is lent', async () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 1 });
    const lent = memory.takeNow(100);
    expect(memory.takeIfFree(100)).toBeUndefined();
    const [second, third] = [memory.take(100, never), memory.take(100, never)];
    expect(await settled(second)).toBe(false);
    lent.giveBack();
    const got = await second;
    expect(await settled(third)).toBe(false);
    got?.giveBack();
    expect((await third)?.bytes).toHaveLength(100);
  });

  it('passes a turn on that was called off', async () => {
    const memory = new ChunkMemory({ chunkSizeBytes: 100, chunksInFlight: 1 });
    const lent = memory.takeNow(100);
    const calledOff = new AbortController();
    const second = memory.take(100, calledOff.signal);
    const third = memory.take(100, never);
    lent.giveBack();
    calledOff.abort();
    expect(await second).toBeUndefined();
    expect((await third)?.bytes).toHaveLength(100);
    expect(await memory.take(100, AbortSignal.abort())).toBeUndefined();
  });

  it('is the same for all who save, and another for those who read', () => {
    const memories = new ChunkMemories({ chunkSizeBytes: 100, chunksInFlight: 1 });
    const [saving, reading] = [memories.forSaving(), memories.forReading()];
    expect(memories.forSaving()).toBe(saving);
    expect(memories.forReading()).toBe(reading);
    expect(saving).not.toBe(reading);
  });
});
