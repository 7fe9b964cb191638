// A store in Zeebe's layout in the memory of this process: for tests, examples and trying things out.
import { MemoryObjectStorage } from '../objects/memory-object-storage.ts';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { BasePathSettings, ZeebeLayoutSettings } from './backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from './native-components.ts';
import { PrefixedObjectStorage } from './prefixed-object-storage.ts';
import { basePathProblems, zeebeLayoutValues } from './settings-rules.ts';
import { ZeebeBackupStore } from './zeebe/zeebe-backup-store.ts';

export interface ZeebeInMemoryBackupStoreSettings extends BasePathSettings, ZeebeLayoutSettings {}

/** Keeps backups in memory. Throws InvalidConfiguration on settings that make no sense. */
export class ZeebeInMemoryBackupStore extends ZeebeBackupStore {
  constructor(settings: ZeebeInMemoryBackupStoreSettings = {}, components: NativeStoreComponents = {}) {
    super({ ...components, storage: memory(settings, components) }, settings);
  }
}

function memory(
  settings: ZeebeInMemoryBackupStoreSettings,
  components: NativeStoreComponents,
): ObjectStorage {
  zeebeLayoutValues(settings, basePathProblems(settings));
  const storage = new MemoryObjectStorage(realComponents(components));
  return settings.basePath === undefined ? storage : new PrefixedObjectStorage(storage, settings.basePath);
}
