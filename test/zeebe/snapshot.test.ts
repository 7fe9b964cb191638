import { describe, expect, it } from 'vitest';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { crc32c, crc32cOf } from '../../src/zeebe/crc32c.ts';
import { formatChecksumFile, parseChecksumFile } from '../../src/zeebe/snapshot/checksum-file.ts';
import { parseSnapshotMetadata } from '../../src/zeebe/snapshot/snapshot-metadata.ts';
import { parseSnapshotId, verifySnapshot } from '../../src/zeebe.ts';
import { inPieces } from './sample-partition.ts';

const METADATA =
  '{"version":1,"processedPosition":20,"exportedPosition":15,"lastFollowupEventPosition":9223372036854775807}';
// What Zeebe printed for these three files.
const CHECKSUMS = `; some comment
; combinedValue = fa8ae3dc
; number of files used for combined value = 3
000010.sst   29308cf4
CURRENT   9e7fdadc
zeebe.metadata   232f0cfb
`;

describe('crc32c', () => {
  it('is Castagnoli, and the same in pieces', async () => {
    const bytes = Buffer.from('123456789');
    expect(crc32c(bytes)).toBe(0xe3069283);
    expect(await crc32cOf(inPieces(bytes, 2))).toBe(0xe3069283);
  });
});

describe('snapshot', () => {
  it('agrees with the checksum file that Zeebe wrote', async () => {
    const id = '19-1-20-15';
    const { findings, metadata } = await verifySnapshot(id, [
      bytesFile('000010.sst', Uint8Array.of(1, 2, 3, 4)),
      bytesFile('CURRENT', Buffer.from('MANIFEST-000005\n')),
      bytesFile('zeebe.metadata', Buffer.from(METADATA)),
      bytesFile(`${id}.checksum`, Buffer.from(CHECKSUMS)),
    ]);
    expect(findings).toEqual([]);
    expect(metadata?.lastFollowupEventPosition).toBe(9_223_372_036_854_775_807n);
  });

  it('reads ids of four and of five parts, to the last digit', () => {
    const id = {
      index: 841n,
      term: 1n,
      processedPosition: 4869n,
      exportedPosition: 9_223_372_036_854_775_807n,
    };
    expect(parseSnapshotId('841-1-4869-9223372036854775807-0')).toEqual(id);
    expect(parseSnapshotId('841-1-4869-9223372036854775807')).toEqual(id);
    for (const wrong of ['', '1-2-3', '1-2-3-x', '1-2-3-9223372036854775808', '-1-2-3-4']) {
      expect(parseSnapshotId(wrong), wrong).toBeUndefined();
    }
  });

  it('writes checksums without leading zeros, sorted, and reads them back', () => {
    const checksums = new Map([
      ['b', 0x0000_00ff],
      ['a', 0xffff_ffff],
    ]);
    const bytes = formatChecksumFile(checksums);
    expect(new TextDecoder().decode(bytes)).toMatch(/\na {3}ffffffff\nb {3}ff\n$/);
    expect(new Map(parseChecksumFile(bytes)._unsafeUnwrap().checksums)).toEqual(checksums);
  });

  it('refuses the checksum format of 8 bytes', () => {
    expect(parseChecksumFile(new Uint8Array(8)).isErr()).toBe(true);
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{"processedPosition":1}',
    '{"processedPosition":-1,"exportedPosition":1}',
  ])('refuses the metadata %s', (text) => {
    expect(parseSnapshotMetadata(Buffer.from(text)).isErr()).toBe(true);
  });
});
