// How settings choose Zeebe's layout, and what they may not be.
import { ZeebeInMemoryBackupStore } from 'tidemark/memory';
import { ZeebeS3BackupStore } from 'tidemark/s3';
import { describe, expect, it } from 'vitest';
import type { ZeebeLayoutSettings } from '../../../src/stores/backup-store-settings.ts';
import { openBackupStore } from '../../../src/stores/open-backup-store.ts';

const S3 = { store: 'S3', bucketName: 'b', region: 'r', accessKey: 'a', secretKey: 's' } as const;

describe('format: zeebe', () => {
  it.each([
    ['S3', { ...S3, format: 'zeebe', compression: 'zstd' }],
    ['MEMORY', { store: 'MEMORY', format: 'zeebe', basePath: 'a/b' }],
  ] as const)('opens a store of %s in that layout', async (_name, settings) => {
    const store = await openBackupStore(settings);
    expect(store?.capabilities).toEqual({ incremental: false, liveness: false, checksums: false });
    await store?.close();
  });

  it.each([{ ...S3 }, { ...S3, format: 'tidemark' }, { store: 'MEMORY', format: undefined }] as const)(
    'absent or tidemark opens the native one: %o',
    async (settings) => {
      const store = await openBackupStore(settings);
      expect(store?.capabilities.checksums).toBe(true);
      await store?.close();
    },
  );
});

describe('settings that make no sense', () => {
  it('are refused, all at once', () => {
    const settings = {
      compression: 'gz' as 'zstd',
      chunkSizeBytes: 1_000,
      chunksInFlight: 0,
      basePath: '/a',
    };
    const problems = [
      'basePath must',
      'compression must be zstd or none',
      'chunkSizeBytes must',
      'chunksInFlight must',
    ];
    const message = new RegExp(problems.join('[^]*'));
    expect(() => new ZeebeInMemoryBackupStore(settings)).toThrow(message);
    expect(() => new ZeebeS3BackupStore({ ...settings, bucketName: 'b' })).toThrow(message);
  });

  it.each<ZeebeLayoutSettings>([
    { chunkSizeBytes: 5 * 1024 * 1024 - 1 },
    { chunkSizeBytes: 64 * 1024 * 1024 + 1 },
    { chunksInFlight: 1.5 },
  ])('%o', (settings) => {
    expect(() => new ZeebeInMemoryBackupStore(settings)).toThrow(
      /InvalidConfiguration|the configuration is not valid/,
    );
  });
});
