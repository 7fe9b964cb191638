// What goes past the page cache, what through it, and that nobody can tell from the file.
import { execFileSync } from 'node:child_process';
import { constants, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
  const writer = new FileWriter(counting, start);
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
    const writer = new FileWriter(await open(path, 'w'));
    await expect(writer.write(new Uint8Array(10))).rejects.toThrow('ENOSPC');
    await writer.close();
    await writer.close();
  });

  it('writes into its own file, whatever has the name by now', async () => {
    const path = join(root, 'replaced');
    const writer = new FileWriter(await open(path, 'wx'));
    renameSync(path, `${path}-away`);
    writeFileSync(path, 'of somebody else');
    const pieces = [fill(aligned(2 * MIB), 1), fill(aligned(2 * MIB), 2)];
    for (const piece of pieces) await writer.write(piece);
    await writer.close();
    expect(readFileSync(path, 'utf8')).toBe('of somebody else');
    expect(readFileSync(`${path}-away`).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('goes on when its file was removed', async () => {
    const path = join(root, 'removed');
    const file = await open(path, 'wx+');
    const writer = new FileWriter(file);
    rmSync(path);
    await writer.write(fill(aligned(2 * MIB), 1));
    expect((await file.stat()).size).toBe(2 * MIB);
    await writer.close();
    expect(existsSync(path)).toBe(false);
  });

  it.runIf(worksHere)(
    'tells of a limit that it meets in the midst of a piece, and has what was before it',
    async () => {
      const path = join(root, 'limited');
      const source = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
      const program = `
      import { FileWriter } from ${source('runtime/file-writer.ts')};
      import { ChunkMemory } from ${source('stores/chunk-memory.ts')};
      import { open } from 'node:fs/promises';
      process.on('SIGXFSZ', () => {});
      const writer = new FileWriter(await open(${JSON.stringify(path)}, 'wx'));
      const bytes = new ChunkMemory({ chunkSizeBytes: 2097152, chunksInFlight: 1 }).takeNow(2097152).bytes.fill(7);
      await writer.write(bytes);
      await writer.write(bytes).catch(({ code }) => console.log(code));
      await writer.close();`;
      const file = join(root, 'limited.mjs');
      writeFileSync(file, program);
      // In units of 1024 bytes in bash.
      const shell = ['-c', `ulimit -f 3000 && exec "$0" ${file}`, process.execPath];
      expect(execFileSync('bash', shell, { encoding: 'utf8' }).trim()).toBe('EFBIG');
      const content = readFileSync(path);
      expect(content.length).toBeLessThanOrEqual(3_000 * 1_024);
      expect(content.length).toBeGreaterThanOrEqual(2 * MIB);
      expect(content.every((byte) => byte === 7)).toBe(true);
    },
  );

  it.runIf(existsSync('/dev/shm'))('writes to memory that looks like a disk', async () => {
    const shm = mkdtempSync('/dev/shm/tidemark-writer-');
    try {
      const path = join(shm, 'file');
      const writer = new FileWriter(await open(path, 'wx'));
      const pieces = [fill(aligned(2 * MIB), 1), fill(aligned(2 * MIB), 2).subarray(0, MIB + 77)];
      for (const piece of pieces) await writer.write(piece);
      await writer.sync();
      await writer.close();
      expect(readFileSync(path).equals(Buffer.concat(pieces))).toBe(true);
    } finally {
      rmSync(shm, { recursive: true });
    }
  });
});
