import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { appendFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeFile } from '../../src/runtime/node-file.ts';
import { bytesOf } from '../restore/sample-backups.ts';

const root = mkdtempSync(join(tmpdir(), 'tidemark-file-'));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
async function fileOf(text: string): Promise<string> {
  made += 1;
  const path = join(root, `file-${made}.log`);
  await writeFile(path, text);
  return path;
}

const onLinux = process.platform === 'linux';

/** How many descriptors of this process lead to a path. */
function descriptorsOf(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // the descriptor of this very listing
    }
  }).length;
}

describe('a file on disk', () => {
  it('fills given memory from any place, also at the same time, and says where it ends too early', async () => {
    const path = await fileOf('0123456789');
    const file = nodeFile(path);
    const [head, tail] = [new Uint8Array(4), new Uint8Array(6)];
    await Promise.all([file.read?.(head, 0), file.read?.(tail, 4)]);
    expect(Buffer.concat([head, tail]).toString()).toBe('0123456789');
    await truncate(path, 5);
    await expect(file.read?.(new Uint8Array(6), 4)).rejects.toThrow('expectedBytes=10 got only 5');
    if (onLinux) expect(descriptorsOf(path)).toBe(0);
  });

  it('is all of it, under its own name, as often as it is opened', async () => {
    const file = nodeFile(await fileOf('0123456789'));
    expect(file).toMatchObject({ name: `file-${made}.log`, sizeBytes: 10 });
    for (let turn = 0; turn < 2; turn += 1)
      expect((await bytesOf(file.open())).toString()).toBe('0123456789');
  });

  it('is what was asked for, however it grows', async () => {
    const path = await fileOf('0123456789');
    const file = nodeFile(path, { name: 'log', sizeBytes: 4 });
    await appendFile(path, 'more');
    expect(file).toMatchObject({ name: 'log', sizeBytes: 4 });
    expect((await bytesOf(file.open())).toString()).toBe('0123');
  });

  it('comes in reads of the given size, each in memory of its own', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of nodeFile(await fileOf('0123456789'), { readSizeBytes: 4 }).open())
      chunks.push(chunk);
    expect(chunks.map((chunk) => Buffer.from(chunk).toString())).toEqual(['0123', '4567', '89']);
  });

  it('may be empty', async () => {
    expect(await bytesOf(nodeFile(await fileOf('')).open())).toHaveLength(0);
  });

  it.each([
    ['shorter by now', (path: string) => truncate(path, 3), 'expectedBytes=10 got only 3'],
    ['gone by now', (path: string) => unlink(path), 'ENOENT'],
  ])('that is %s ends the reading with an error', async (_, change, detail) => {
    const path = await fileOf('0123456789');
    const file = nodeFile(path);
    await change(path);
    const reading = bytesOf(file.open());
    await expect(reading).rejects.toMatchObject({ name: 'BrokerFailure' });
    await expect(reading).rejects.toThrow(detail);
    await expect(reading).rejects.toThrow(path);
  });

  it.runIf(onLinux)(
    'leaves no descriptor open when the reader stops early or the reading fails',
    async () => {
      const path = await fileOf('0123456789');
      const file = nodeFile(path, { readSizeBytes: 2, sizeBytes: 12 });
      for await (const _ of file.open()) {
        expect(descriptorsOf(path)).toBe(1);
        break;
      }
      await expect(bytesOf(file.open())).rejects.toThrow('only 10');
      expect(descriptorsOf(path)).toBe(0);
    },
  );

  it('stops when it is called off', async () => {
    const controller = new AbortController();
    const file = nodeFile(await fileOf('0123456789'), { readSizeBytes: 2 });
    const seen: number[] = [];
    const read = async () => {
      for await (const chunk of file.open({ signal: controller.signal })) {
        seen.push(chunk.byteLength);
        controller.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ name: 'Aborted' });
    expect(seen).toEqual([2]);
  });

  it('throws at once for what is no file or no size', () => {
    expect(() => nodeFile(join(root, 'nothing'))).toThrow('ENOENT');
    expect(() => nodeFile(join(root, 'x'), { sizeBytes: -1 })).toThrow('sizeBytes');
    expect(() => nodeFile(join(root, 'x'), { sizeBytes: 1, readSizeBytes: 0 })).toThrow('readSizeBytes');
  });
});
