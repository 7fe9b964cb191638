// Decompressing gives all that was compressed, or throws: nothing in an object is passed over.
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compressed, contentSize, decompressed } from '../../../src/stores/zeebe/zstd.ts';
import { sampleBytes } from '../../../src/testkit/sample-backups.ts';

const frame = (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes));
const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const first = sampleBytes(1_000, 1);
const second = sampleBytes(2_000, 2);

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const whole = async (source: AsyncIterable<Uint8Array>) => joined(...(await Array.fromAsync(source)));

describe('decompressed', () => {
  it.each<[string, Uint8Array]>([
    ['a second frame', frame(second)],
    ['other bytes', new TextEncoder().encode('junk')],
    ['a single byte', new Uint8Array(1)],
  ])('does not end well where %s is behind the frame', async (_, more) => {
    const object = joined(frame(first), more);
    for (const size of [1, 7, frame(first).byteLength, frame(first).byteLength + 1, object.byteLength]) {
      const given = await whole(decompressed(chunks(object, size))).catch((cause: unknown) => cause);
      // All of it, or an error; never the first frame alone.
      if (!(given instanceof Error)) expect(given).toEqual(joined(first, second));
    }
  });

  it.each([0, 1, 1_000, 16_384, 65_536, 300_000])(
    'gives back %i bytes, in chunks of any size',
    async (size) => {
      const content = sampleBytes(size, 3);
      const packed = await whole(compressed(chunks(content, 999), size));
      expect(contentSize(packed.subarray(0, 18))).toBe(size);
      // One frame: its magic number is nowhere else.
      expect(Buffer.from(packed).lastIndexOf('28b52ffd', undefined, 'hex')).toBe(0);
      for (const step of [1_000, packed.byteLength]) {
        expect(await whole(decompressed(chunks(packed, step)))).toEqual(content);
      }
    },
  );

  it('passes an error of the source on as it is', async () => {
    const broken = new Error('the source');
    const source = async function* () {
      yield frame(first).subarray(0, 20);
      throw broken;
    };
    await expect(whole(decompressed(source()))).rejects.toBe(broken);
  });
});
