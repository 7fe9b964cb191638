// Entry point: backups in a bucket. The only entry that loads the AWS SDK at once.
export type {
  S3BackupStoreSettings,
  S3PlaceSettings,
  ZeebeLayoutSettings,
} from './stores/backup-store-settings.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export { S3BackupStore } from './stores/s3-backup-store.ts';
export { ZeebeS3BackupStore, type ZeebeS3BackupStoreSettings } from './stores/zeebe-s3-backup-store.ts';
