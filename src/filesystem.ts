// Entry point: backups in a directory.
export type { FilesystemBackupStoreSettings } from './stores/backup-store-settings.ts';
export { FilesystemBackupStore } from './stores/filesystem-backup-store.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
