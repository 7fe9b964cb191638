// One place in memory on a clock under control, with stores over it as several nodes would open them.
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { LayoutSettings } from '../../src/stores/backup-store-settings.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { ScriptedStorage } from './scripted-storage.ts';

export const CHUNK = 1024;
export const STALE = 60_000;

export function nativePlace() {
  const clock = new ManualClock();
  const memory = new MemoryObjectStorage({ clock });
  let made = 0;
  const random = {
    hex(bytes: number) {
      made += 1;
      return made.toString(16).padStart(bytes * 2, '0');
    },
    fraction: () => 0,
  };
  const node = (settings: LayoutSettings = {}) => {
    const storage = new ScriptedStorage(memory);
    const values = { clusterId: 'a', chunkSizeBytes: CHUNK, ...settings };
    return { storage, store: new TidemarkBackupStore({ storage, clock, random }, values) };
  };
  return { clock, memory, node };
}
