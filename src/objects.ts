// Entry `tidemark/objects`: the stores over an object storage of your own, and the parts to build one from.

export {
  FilesystemObjectStorage,
  type FilesystemObjectStorageComponents,
  type FilesystemObjectStorageSettings,
} from './objects/filesystem-object-storage.ts';
export { MemoryObjectStorage, type MemoryObjectStorageComponents } from './objects/memory-object-storage.ts';
export { MeteredStorage, type StorageCounts } from './objects/metered-storage.ts';
export {
  RetryingStorage,
  type RetryingStorageComponents,
  type RetryingStorageSettings,
} from './objects/retrying-storage.ts';
export type {
  EncryptionKey,
  EncryptionKeyFile,
  LayoutSettings,
  ZeebeLayoutSettings,
} from './stores/backup-store-settings.ts';
export type { NativeStoreComponents } from './stores/native-components.ts';
export { PrefixedObjectStorage } from './stores/prefixed-object-storage.ts';
export {
  TidemarkBackupStore,
  type TidemarkBackupStoreComponents,
} from './stores/tidemark/tidemark-backup-store.ts';
export { ZeebeBackupStore, type ZeebeBackupStoreComponents } from './stores/zeebe/zeebe-backup-store.ts';
