// From settings to stores: defaults, every problem at once, and no AWS SDK where there is no S3.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { InMemoryBackupStore } from 'tidemark/memory';
import { S3BackupStore } from 'tidemark/s3';
import { describe, expect, it } from 'vitest';
import { InvalidConfiguration } from '../../src/core/errors.ts';
import { openBackupStore } from '../../src/stores/open-backup-store.ts';

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof InvalidConfiguration) return error.problems;
    throw error;
  }
  return [];
}

describe('openBackupStore', () => {
  it('makes each kind of store, and none for NONE', async () => {
    expect(await openBackupStore({ store: 'MEMORY' })).toBeInstanceOf(InMemoryBackupStore);
    expect(await openBackupStore({ store: 'FILESYSTEM', basePath: '/backups' })).toBeInstanceOf(
      FilesystemBackupStore,
    );
    expect(await openBackupStore({ store: 'S3', bucketName: 'b' })).toBeInstanceOf(S3BackupStore);
    expect(await openBackupStore({ store: 'NONE' })).toBeNull();
  });

  it('rejects with what is wrong', async () => {
    await expect(openBackupStore({ store: 'S3', bucketName: '' })).rejects.toThrow(
      /bucketName must name the bucket/,
    );
  });

  it('loads no AWS SDK into the thread of the broker, whatever the store', () => {
    const file = fileURLToPath(new URL('../../src/stores/open-backup-store.ts', import.meta.url));
    const program = `
      import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve(name, context, next) { if (name.startsWith('@aws-sdk')) seen.push(name); return next(name, context); } });
      const { openBackupStore } = await import(${JSON.stringify(file)});
      await openBackupStore({ store: 'MEMORY' });
      await openBackupStore({ store: 'FILESYSTEM', basePath: '/backups' });
      await openBackupStore({ store: 'S3', bucketName: 'b' });
      console.log(JSON.stringify(seen));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual([]);
  });
});

describe('settings', () => {
  it('are whole when nothing but the place is given', () => {
    expect(problemsOf(() => new InMemoryBackupStore())).toEqual([]);
    expect(problemsOf(() => new S3BackupStore({ bucketName: 'b', basePath: 'a/b' }))).toEqual([]);
  });

  it('are refused with all their problems at once', () => {
    const problems = problemsOf(
      () =>
        new S3BackupStore({
          bucketName: '',
          basePath: '/a',
          endpoint: 'localhost:9000',
          accessKey: 'only one',
          apiCallTimeoutMs: 0,
          clusterId: ' ',
          chunkSizeBytes: 0.5,
          chunksInFlight: 0,
          heartbeatMs: 10,
          staleAfterMs: 19,
        }),
    );
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'basePath',
      'bucketName',
      'accessKey',
      'endpoint',
      'apiCallTimeoutMs',
      'clusterId',
      'chunkSizeBytes',
      'chunksInFlight',
      'staleAfterMs',
    ]);
  });

  it.each(['', '/', 'a/', '/a', 'a//b', '.', 'a/../b'])('refuse the base path %j', (basePath) => {
    expect(problemsOf(() => new InMemoryBackupStore({ basePath }))).toHaveLength(1);
  });

  it('never show a secret', () => {
    const settings = { bucketName: 'b', accessKey: 'AKIA-secret', endpoint: 'ftp://x' };
    expect(problemsOf(() => new S3BackupStore(settings)).join()).not.toContain('AKIA-secret');
    const store = new S3BackupStore({
      bucketName: 'b',
      accessKey: 'AKIA-secret',
      secretKey: 'hidden',
      basePath: 'p',
    });
    expect(store.location).toBe('s3://b/p');
  });
});
