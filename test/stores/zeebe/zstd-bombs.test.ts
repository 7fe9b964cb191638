// Compressed objects that unpack to far more than they promise, or than anybody has room for.
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../../src/core/ids.ts';
import { decompressed } from '../../../src/stores/zeebe/zstd.ts';
import { zeebePlace } from './zeebe-place.ts';

const MIB = 1024 * 1024;
const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };
const manifest =
  '{"statusCode":"completed","id":{"nodeId":0,"partitionId":1,"checkpointId":1},' +
  '"descriptor":{"snapshotId":null,"checkpointPosition":1,"numberOfPartitions":1,"brokerVersion":"8.6.0"},' +
  '"snapshotFiles":{"files":{}},"segmentFiles":{"files":{"log":{"compressionAlgorithm":"zstd"}}},' +
  '"createdAt":1700000000.1,"modifiedAt":1700000000.1}';

const zeros = zstdCompressSync(Buffer.alloc(256 * MIB));
/** A frame of ten bytes, and behind it as many zeros as one likes. */
const promisesTen = Buffer.concat([zstdCompressSync(Buffer.alloc(10)), zeros, zeros, zeros, zeros]);
/** The header of a frame that says 10 bytes over the blocks of one that has more. */
const lies = Buffer.concat([Buffer.from('28b52ffda00a000000', 'hex'), zeros.subarray(9)]);

async function open(object: Uint8Array) {
  const { put, node } = zeebePlace();
  await put('1/1/0/manifest.json', manifest);
  await put('1/1/0/segments/log', object);
  return node().store.open(id);
}

describe('an object that promises ten bytes and unpacks to a gigabyte', () => {
  it.each([
    ['in further frames', promisesTen],
    ['in the same frame', lies],
  ])('%s is refused once it gives more', async (_, object) => {
    const opened = (await open(object))._unsafeUnwrap();
    const [log] = opened.segmentFiles;
    expect(log?.sizeBytes).toBe(10);
    let given = 0;
    const read = async () => {
      for await (const part of log?.open() ?? []) given += part.byteLength;
    };
    await expect(read()).rejects.toHaveProperty('name', 'BackupCorrupt');
    expect(given).toBeLessThanOrEqual(10);
  });

  it('is unpacked no further than it is read', async () => {
    async function* source() {
      yield zeros;
    }
    let largest = 0;
    let parts = 0;
    for await (const part of decompressed(source())) {
      largest = Math.max(largest, part.byteLength);
      parts += 1;
      if (parts === 20) break;
    }
    expect(largest).toBeLessThanOrEqual(MIB);
  });
});

it('an object that asks for a window of gigabytes is refused', async () => {
  // No single segment, and the largest window that a header can name.
  const greedy = Buffer.concat([Buffer.from('28b52ffd00ff', 'hex'), zeros.subarray(9)]);
  const opened = await open(greedy);
  expect(opened._unsafeUnwrapErr().name).toBe('BackupCorrupt');
});
