// What really reaches a server, counted on the wire by a proxy in front of it: requests, and connections at the same time.
import { checkpointId } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { sampleBackup, sampleFile } from 'tidemark/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHUNKS_IN_FLIGHT } from '../../src/core/limits.ts';
import { startEmbeddedS3 } from '../support/embedded-s3.ts';
import { startRequestCounter } from '../support/request-counter.ts';

let s3: Awaited<ReturnType<typeof startEmbeddedS3>>;
let counter: Awaited<ReturnType<typeof startRequestCounter>>;
let store: S3BackupStore;

beforeAll(async () => {
  s3 = await startEmbeddedS3();
  counter = await startRequestCounter(s3.endpoint);
  store = new S3BackupStore({
    clusterId: 'counted',
    bucketName: s3.bucket,
    region: s3.region,
    endpoint: counter.endpoint,
    accessKey: s3.credentials.accessKeyId,
    secretKey: s3.credentials.secretAccessKey,
    forcePathStyleAccess: true,
  });
});

afterAll(async () => {
  await store.close();
  await counter.close();
  await s3.close();
});

const countOf = (pattern: RegExp) => counter.seen.filter((line) => pattern.test(line)).length;

describe('requests at the server', () => {
  it('a save of many chunks has a connection for each one in flight, and one for its sign of life', async () => {
    const files = [1, 2, 3].map((seed) => sampleFile(`large-${seed}`, 24 * 1024 * 1024, seed));
    const backup = sampleBackup({ partitionId: 4, snapshotFiles: [], segmentFiles: files });
    (await store.save(backup))._unsafeUnwrap();
    expect(countOf(/^PUT .*\/chunks\//)).toBeGreaterThan(CHUNKS_IN_FLIGHT);
    expect(counter.connections.peak).toBeLessThanOrEqual(CHUNKS_IN_FLIGHT + 1);
    counter.seen.length = 0;
  });

  it('a repeated backup of an unchanged partition sends no chunk', async () => {
    (await store.save(sampleBackup({ checkpointId: 1 })))._unsafeUnwrap();
    expect(countOf(/^PUT .*\/chunks\//)).toBeGreaterThan(0);
    counter.seen.length = 0;
    (await store.save(sampleBackup({ checkpointId: 2 })))._unsafeUnwrap();
    expect(countOf(/^PUT .*\/completed\./)).toBe(1);
    expect(countOf(/\/chunks\//)).toBe(0);
  });

  it('the status of one backup among many is one listing and one read per partition', async () => {
    for (let id = 3; id <= 1_000; id += 111) {
      for (const partitionId of [1, 2, 3]) {
        (await store.save(sampleBackup({ checkpointId: id, partitionId })))._unsafeUnwrap();
      }
    }
    counter.seen.length = 0;
    const page = (await store.list({ checkpointId: checkpointId(447), details: true }))._unsafeUnwrap();
    expect(page.backups.map((row) => row.statusCode)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(page.backups.every((row) => row.descriptor !== undefined)).toBe(true);
    expect(countOf(/list-type=2/)).toBe(1);
    expect(counter.seen).toHaveLength(4);
  });
});
