// Entry point: backups in memory.
export type {
  BasePathSettings,
  InMemoryBackupStoreSettings,
  ZeebeLayoutSettings,
} from './stores/backup-store-settings.ts';
export { InMemoryBackupStore } from './stores/in-memory-backup-store.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export {
  ZeebeInMemoryBackupStore,
  type ZeebeInMemoryBackupStoreSettings,
} from './stores/zeebe-in-memory-backup-store.ts';
