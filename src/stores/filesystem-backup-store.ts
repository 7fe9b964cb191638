// The native store in a directory, usually of a network file system that all nodes mount.
import { FilesystemObjectStorage } from '../objects/filesystem-object-storage.ts';
import { RetryingStorage } from '../objects/retrying-storage.ts';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { FilesystemBackupStoreSettings } from './backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from './native-components.ts';
import { filesystemProblems, layoutValues } from './settings-rules.ts';
import { TidemarkBackupStore } from './tidemark/tidemark-backup-store.ts';

/** Keeps backups in a directory that exists. Throws InvalidConfiguration on settings that make no sense. */
export class FilesystemBackupStore extends TidemarkBackupStore {
  constructor(settings: FilesystemBackupStoreSettings, components: NativeStoreComponents = {}) {
    super({ ...components, storage: directory(settings, components) }, settings);
  }
}

function directory(
  settings: FilesystemBackupStoreSettings,
  components: NativeStoreComponents,
): ObjectStorage {
  layoutValues(settings, filesystemProblems(settings));
  const environment = realComponents(components);
  const storage = new FilesystemObjectStorage(environment, { directory: settings.basePath });
  // A network file system has its bad moments too.
  return new RetryingStorage({ ...environment, storage, observer: components.observer });
}
