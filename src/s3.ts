// Entry point: backups in a bucket. The AWS SDK is loaded by the thread that makes the requests, at the first one.
export type {
  S3BackupStoreSettings,
  S3PlaceSettings,
  ZeebeLayoutSettings,
} from './stores/backup-store-settings.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export { S3BackupStore } from './stores/s3-backup-store.ts';
export { ZeebeS3BackupStore, type ZeebeS3BackupStoreSettings } from './stores/zeebe-s3-backup-store.ts';
