// Tells whether two configurations name the same backups. Credentials, limits and how a bucket is addressed do not
// count.
import { resolve } from 'node:path';
import type { BackupStoreSettings } from '../stores/backup-store-settings.ts';

/** Two layouts in one place do not touch each other, and are two places. */
export function isSamePlace(a: BackupStoreSettings, b: BackupStoreSettings): boolean {
  return placeOf(a) === placeOf(b);
}

function placeOf(settings: BackupStoreSettings): string {
  const { store } = settings;
  if (store === 'FILESYSTEM') return JSON.stringify([store, resolve(settings.basePath)]);
  if (store === 'NONE') return store;
  const { format = 'tidemark', basePath = '' } = settings;
  if (store === 'MEMORY') return JSON.stringify([store, format, basePath]);
  // Without an endpoint the name of a bucket is the only one of its kind in the world.
  const { endpoint = '', bucketName } = settings;
  return JSON.stringify([store, format, basePath, endpoint && new URL(endpoint).origin, bucketName]);
}
