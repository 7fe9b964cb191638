// One place in memory on a clock under control, with stores in Zeebe's layout over it as several nodes would open them.
import { MemoryObjectStorage } from '../../../src/objects/memory-object-storage.ts';
import type { ZeebeLayoutSettings } from '../../../src/stores/backup-store-settings.ts';
import { ZeebeBackupStore } from '../../../src/stores/zeebe/zeebe-backup-store.ts';
import { ManualClock } from '../../../src/testkit/manual-clock.ts';
import { ScriptedStorage } from '../scripted-storage.ts';

export function zeebePlace() {
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
  const node = (settings: ZeebeLayoutSettings = {}) => {
    const storage = new ScriptedStorage(memory);
    return { storage, store: new ZeebeBackupStore({ storage, clock, random }, settings) };
  };
  const put = async (key: string, body: string | Uint8Array) => {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    (await memory.put(key, bytes))._unsafeUnwrap();
  };
  const text = async (key: string) => new TextDecoder().decode((await memory.get(key))._unsafeUnwrap());
  return { clock, memory, node, put, text };
}
