// Entry point: backups in memory.
export type { InMemoryBackupStoreSettings } from './stores/backup-store-settings.ts';
export { InMemoryBackupStore } from './stores/in-memory-backup-store.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
