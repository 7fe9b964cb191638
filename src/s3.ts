// Entry point: backups in a bucket. The only entry that loads the AWS SDK at once.
export type { S3BackupStoreSettings } from './stores/backup-store-settings.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export { S3BackupStore } from './stores/s3-backup-store.ts';
