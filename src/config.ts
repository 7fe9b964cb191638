// Configuration by Zeebe's keys: from an application.yaml and environment variables to settings, and to a store.
export { loadSettings, type SettingsSources } from './config/load-settings.ts';
export type { Environment } from './config/placeholder.ts';
export type { ClusterSettings, ManagementSettings, ScheduleSettings, Settings } from './config/settings.ts';
export type { BackupStoreSettings } from './stores/backup-store-settings.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export { openBackupStore } from './stores/open-backup-store.ts';
