// The storage of the guide on writing one: it keeps every promise, and so does the native layout upon it. The guide
// shows it, and its test, as they are.
import { readFile } from 'node:fs/promises';
import { TidemarkBackupStore } from 'tidemark/objects';
import {
  type BackupDamage,
  backupStoreContract,
  describeContract,
  objectStorageContract,
} from 'tidemark/testkit';
import { describe, expect, it } from 'vitest';
import { SqliteStorage } from '../../examples/store/sqlite-storage.ts';
import { damage } from '../stores/damage.ts';

describeContract({ describe, it }, 'a storage in SQLite', objectStorageContract, async () => {
  const storage = new SqliteStorage(':memory:');
  return { context: { storage, prefix: '', createOnly: true }, close: () => storage.close() };
});

describeContract({ describe, it }, 'the native layout upon it', backupStoreContract, async () => {
  const storage = new SqliteStorage(':memory:');
  const store = new TidemarkBackupStore({ storage }, { clusterId: 'my-cluster' });
  const close = async () => {
    await store.close();
    await storage.close();
  };
  return { context: { store, damage: (kind: BackupDamage) => damage(storage, kind) }, close };
});

it.each(['sqlite-storage.ts', 'sqlite-storage.test.ts'])('the guide shows %s as it is', async (name) => {
  const here = new URL('../../', import.meta.url);
  const example = (await readFile(new URL(`examples/store/${name}`, here), 'utf8')).trimEnd();
  const guide = await readFile(new URL('docs/guides/write-a-store.md', here), 'utf8');
  expect(guide).toContain(`\`\`\`ts\n${example}\n\`\`\``);
});
