// The settings and the store of a node, as the node itself comes to them: from its variables.
import type { BackupStore } from 'tidemark';
import { loadSettings, openBackupStore } from 'tidemark/config';
import { silentLogger } from '../../src/runtime/silent-logger.ts';

export function settingsOf(environment: Record<string, string>) {
  const loaded = loadSettings({ env: environment });
  if (loaded.isErr()) throw loaded.error;
  return loaded.value;
}

export async function openStore(environment: Record<string, string>): Promise<BackupStore> {
  const store = await openBackupStore(settingsOf(environment).backup, { logger: silentLogger });
  if (store === null) throw new Error('the ledger has no backup store');
  return store;
}
