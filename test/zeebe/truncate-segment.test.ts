import { describe, expect, it } from 'vitest';
import { fullSegmentSize, truncateSegment } from '../../src/zeebe.ts';
import { buildSegment } from './build-log.ts';
import { bytesOf, inPieces, SECOND } from './sample-partition.ts';

const endOffset = SECOND.offsets[2]!;

const cut = (bytes: Uint8Array, size: number, sizeBytes = bytes.length) =>
  bytesOf(truncateSegment(inPieces(bytes, size), { name: 'x.log', endOffset, sizeBytes }));

/** A descriptor with hints, as a full segment has one. */
const SEALED = buildSegment({
  id: 2,
  index: 5,
  position: 5,
  records: [[{ other: 'e' }], [{ create: 7 }], [{ other: 'f' }]],
});

describe('truncateSegment', () => {
  it.each([1, 50, 57, 58, 8192])(
    'keeps what is before and leaves nothing but zeros, in pieces of %i',
    async (size) => {
      const bytes = await cut(SECOND.bytes, size);
      expect(bytes).toHaveLength(8192);
      expect(bytes.subarray(0, endOffset).equals(SECOND.bytes.subarray(0, endOffset))).toBe(true);
      expect(bytes.subarray(endOffset).every((byte) => byte === 0)).toBe(true);
      expect(SECOND.bytes.subarray(endOffset).some((byte) => byte !== 0)).toBe(true);
    },
  );

  it('gives a short file its full size', async () => {
    const short = SECOND.bytes.subarray(0, endOffset + 3);
    expect(fullSegmentSize(short.length, 8192)).toBe(8192);
    expect(fullSegmentSize(9000, 8192)).toBe(9000);
    expect(await cut(short, 100, 8192)).toEqual(await cut(SECOND.bytes, 100));
  });

  it('is refused a file that ends before, and one that is no segment', async () => {
    await expect(cut(SECOND.bytes.subarray(0, endOffset - 1), 64)).rejects.toMatchObject({
      name: 'BackupCorrupt',
      object: 'x.log',
    });
    await expect(cut(new Uint8Array(8192), 64)).rejects.toMatchObject({ name: 'BackupCorrupt' });
    const damaged = Uint8Array.from(SEALED.bytes);
    damaged[30] = 9;
    await expect(cut(damaged, 64)).rejects.toMatchObject({ name: 'BackupCorrupt' });
  });
});
