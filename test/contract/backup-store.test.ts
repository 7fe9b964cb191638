// The contract of backup stores on the native one, over each storage that needs no server, and the contract held
// against its port.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { InMemoryBackupStore } from 'tidemark/memory';
import { describe, expect, it } from 'vitest';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { type BackupDamage, backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { damage } from '../stores/damage.ts';

const settings = { clusterId: 'contract', chunkSizeBytes: 64 * 1024 };

describe('the contract', () => {
  it('has exactly one case for each promise of the port, in its words', () => {
    const port = readFileSync(new URL('../../src/ports/backup-store.ts', import.meta.url), 'utf8');
    const promises = [...port.matchAll(/^ \* (\d+)\. (.+)$/gm)].map((match) => match[2]);
    expect(promises).toHaveLength(17);
    expect(backupStoreContract.map((contractCase) => contractCase.name)).toEqual(promises);
  });
});

describeContract({ describe, it }, 'memory keeps the contract', backupStoreContract, async () => {
  const storage = new MemoryObjectStorage({ clock: systemClock });
  const store = new TidemarkBackupStore({ storage }, settings);
  const context = { store, damage: (kind: BackupDamage) => damage(storage, kind) };
  return { context, close: () => store.close() };
});

describeContract({ describe, it }, 'an encrypted one keeps the contract', backupStoreContract, async () => {
  const storage = new MemoryObjectStorage({ clock: systemClock });
  const encryptionKeys = [{ id: 'first', secret: Buffer.alloc(32, 7).toString('base64') }];
  const store = new TidemarkBackupStore({ storage }, { ...settings, encryptionKeys, compression: 'auto' });
  const context = { store, damage: (kind: BackupDamage) => damage(storage, kind) };
  return { context, close: () => store.close() };
});

const withoutDamage = backupStoreContract.filter(({ name }) => !name.startsWith('Damage'));

describeContract({ describe, it }, 'memory under a base path keeps the contract', withoutDamage, async () => {
  const store = new InMemoryBackupStore({ basePath: 'a/b' });
  return { context: { store }, close: () => store.close() };
});

describeContract({ describe, it }, 'a directory keeps the contract', backupStoreContract, async () => {
  const basePath = await mkdtemp(join(tmpdir(), 'backups-'));
  const store = new FilesystemBackupStore({ ...settings, basePath });
  const components = { clock: systemClock, random: systemRandom };
  const storage = new FilesystemObjectStorage(components, { directory: basePath });
  const context = { store, damage: (kind: BackupDamage) => damage(storage, kind) };
  return {
    context,
    async close() {
      await store.close();
      await rm(basePath, { recursive: true, force: true });
    },
  };
});
