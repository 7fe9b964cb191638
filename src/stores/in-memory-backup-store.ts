// The native store in the memory of this process: for tests, examples and trying things out.
import { MemoryObjectStorage } from '../objects/memory-object-storage.ts';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { InMemoryBackupStoreSettings } from './backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from './native-components.ts';
import { PrefixedObjectStorage } from './prefixed-object-storage.ts';
import { basePathProblems, layoutValues } from './settings-rules.ts';
import { TidemarkBackupStore } from './tidemark/tidemark-backup-store.ts';

/** Keeps backups in memory. Throws InvalidConfiguration on settings that make no sense. */
export class InMemoryBackupStore extends TidemarkBackupStore {
  constructor(settings: InMemoryBackupStoreSettings = {}, components: NativeStoreComponents = {}) {
    super({ ...components, storage: memory(settings, components) }, settings);
  }
}

function memory(settings: InMemoryBackupStoreSettings, components: NativeStoreComponents): ObjectStorage {
  layoutValues(settings, basePathProblems(settings));
  const storage = new MemoryObjectStorage(realComponents(components));
  return settings.basePath === undefined ? storage : new PrefixedObjectStorage(storage, settings.basePath);
}
