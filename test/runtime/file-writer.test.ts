// What goes past the page cache, what through it, and that nobody can tell from the file.
import { constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileWriter } from '../../src/runtime/file-writer.ts';
import { ChunkMemory } from '../../src/stores/chunk-memory.ts';

const root = mkdtempSync(join(tmpdir(), 'tidemark-writer-'));
afterAll(() => rmSync(root, { recursive: true }));

const MIB = 1024 * 1024;
const aligned = (sizeBytes: number) =>
  new ChunkMemory({ chunkSizeBytes: 2 * MIB, chunksInFlight: 1 }).takeNow(sizeBytes).bytes;
const fill = (bytes: Uint8Array, from: number) => {
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (from + at * 7) % 251;
  return bytes;
};

let made = 0;

/** Writes the pieces, and tells how many bytes went through the handle that was given: the rest went past the cache. */
async function written(
  pieces: readonly Uint8Array[],
  start = 0,
): Promise<{ content: Buffer; cached: number }> {
  made += 1;
  const path = join(root, `file-${made}`);
  const file = await open(path, 'wx+');
  let cached = 0;
  const counting = new Proxy(file, {
    get(target, name) {
      if (name !== 'write') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
      return async (...given: Parameters<FileHandle['write']>) => {
        const done = await target.write(...given);
        cached += done.bytesWritten;
        return done;
      };
    },
  });
  if (start > 0) await file.write(fill(new Uint8Array(start), 0), 0, start, 0);
  const writer = new FileWriter(path, counting, start);
  for (const piece of pieces) await writer.write(piece);
  await writer.sync();
  await writer.close();
  return { content: readFileSync(path), cached };
}

const worksHere = constants.O_DIRECT !== undefined && process.platform === 'linux';

describe('a file that is written front to back', () => {
  it('has what it was given, whatever the sizes and wherever the memory begins', async () => {
    const pieces = [
      fill(aligned(2 * MIB), 1),
      fill(aligned(2 * MIB), 2).subarray(16),
      fill(new Uint8Array(5), 3),
      fill(aligned(2 * MIB), 4),
      fill(aligned(2 * MIB), 5).subarray(0, MIB + 1),
      new Uint8Array(0),
      fill(Buffer.allocUnsafeSlow(3 * MIB), 6),
    ];
    const { content } = await written(pieces);
    expect(content.equals(Buffer.concat(pieces))).toBe(true);
  });

  it.runIf(worksHere)(
    'sends whole blocks of aligned memory past the page cache, and only the rest through it',
    async () => {
      const pieces = [fill(aligned(2 * MIB), 1), fill(aligned(2 * MIB), 2).subarray(0, MIB + 100)];
      const { content, cached } = await written(pieces);
      expect(content.equals(Buffer.concat(pieces))).toBe(true);
      // A file system that knows no such writing takes all of it through the cache.
      expect([100, content.length]).toContain(cached);
    },
  );

  it('goes on where a file ends, in the midst of a block too', async () => {
    for (const start of [4_096, 4_097]) {
      const piece = fill(aligned(2 * MIB), 9);
      const { content } = await written([piece, piece], start);
      expect(content.equals(Buffer.concat([fill(new Uint8Array(start), 0), piece, piece]))).toBe(true);
    }
  });

  it('takes memory that begins anywhere through the cache', async () => {
    const piece = fill(aligned(2 * MIB), 1).subarray(1);
    const { content, cached } = await written([piece]);
    expect(content.equals(piece)).toBe(true);
    expect(cached).toBe(piece.length);
  });

  it('writes nowhere else when the disk is full: the failure is passed on', async () => {
    const path = '/dev/full';
    if (!worksHere) return;
    const writer = new FileWriter(path, await open(path, 'w'), 0);
    await expect(writer.write(new Uint8Array(10))).rejects.toThrow('ENOSPC');
    await writer.close();
    await writer.close();
  });
});
