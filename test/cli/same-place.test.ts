import { describe, expect, it } from 'vitest';
import { isSamePlace } from '../../src/cli/same-place.ts';
import type { BackupStoreSettings } from '../../src/stores/backup-store-settings.ts';

const zeebe = { store: 'S3', format: 'zeebe', bucketName: 'backups', endpoint: 'http://s3:9000' } as const;

describe('two configurations name the same place', () => {
  it.each<[string, BackupStoreSettings, BackupStoreSettings]>([
    [
      'other credentials and limits',
      zeebe,
      { ...zeebe, accessKey: 'a', secretKey: 'b', apiCallTimeoutMs: 1 },
    ],
    ['a slash behind the endpoint', zeebe, { ...zeebe, endpoint: 'http://S3:9000/' }],
    ['the region of a named endpoint', zeebe, { ...zeebe, region: 'eu-west-1' }],
    [
      'a path with a detour',
      { store: 'FILESYSTEM', basePath: '/a/b' },
      { store: 'FILESYSTEM', basePath: '/a/./c/../b/' },
    ],
  ])('in spite of %s', (_, a, b) => {
    expect(isSamePlace(a, b)).toBe(true);
  });

  it.each<[string, BackupStoreSettings, BackupStoreSettings]>([
    ['another bucket', zeebe, { ...zeebe, bucketName: 'others' }],
    ['a bucket of that name elsewhere', zeebe, { ...zeebe, endpoint: 'http://s3-2:9000' }],
    ['another base path', zeebe, { ...zeebe, basePath: 'a' }],
    ['the other layout', zeebe, { ...zeebe, format: 'tidemark' }],
    ['a directory', zeebe, { store: 'FILESYSTEM', basePath: '/backups' }],
  ])('but not where one is %s', (_, a, b) => {
    expect(isSamePlace(a, b)).toBe(false);
  });
});
