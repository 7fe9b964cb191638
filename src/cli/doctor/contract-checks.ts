// The contracts that every storage and every store is held to, run on this place as the tests run them.
import type { BackupStore } from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { PrefixedObjectStorage } from '../../stores/prefixed-object-storage.ts';
import { backupStoreContract } from '../../testkit/backup-store-contract.ts';
import { type ContractCount, countContract } from '../../testkit/count-contract.ts';
import { objectStorageContract } from '../../testkit/object-storage-contract.ts';
import type { Check, Finding } from './finding.ts';

export interface ContractSubjects {
  /** A storage of its own for each case: some close it. */
  openStorage(): Promise<ObjectStorage>;
  /** A store in the configured layout over a storage, which it closes with itself. */
  storeOver(storage: ObjectStorage): BackupStore;
  /** What the checks before have found: what the place does not promise is not asked of it. */
  readonly traits: { readonly createOnly: boolean; readonly plainKeysOnly: boolean };
}

export function contractChecks({ openStorage, storeOver, traits }: ContractSubjects): readonly Check[] {
  return [
    {
      name: 'contract of object storages',
      async run({ scratch, signal, layout }) {
        let number = 0;
        const counted = await countContract(
          objectStorageContract,
          async () => {
            number += 1;
            const storage = await openStorage();
            const context = { ...traits, storage, prefix: `${scratch}storage/${number}/` };
            return { context, close: () => storage.close() };
          },
          // Only Zeebe's layout sends parts, and only for it the policy allows to throw them away.
          { signal, capabilities: { uploads: layout === 'zeebe' } },
        );
        return [finding(counted)];
      },
    },
    {
      name: 'contract of backup stores',
      async run({ scratch, signal }) {
        let number = 0;
        const counted = await countContract(
          backupStoreContract,
          async () => {
            number += 1;
            const storage = new PrefixedObjectStorage(await openStorage(), `${scratch}store/${number}`);
            const store = storeOver(storage);
            return { context: { store }, close: () => store.close() };
          },
          // How damage is found does not depend on the place.
          { signal, capabilities: { checksums: false } },
        );
        return [finding(counted)];
      },
    },
  ];
}

function finding({ kept, skipped, broken }: ContractCount): Omit<Finding, 'check'> {
  const found = `${kept} of ${kept + broken.length} promises kept${skipped > 0 ? `, ${skipped} not asked` : ''}`;
  if (broken.length === 0) return { state: 'ok', found };
  const first = broken.map(({ promise, why }) => `${promise} (${why.split('\n', 1)[0]})`).join('; ');
  const advice = 'do not trust this place with backups before it is known why';
  return { state: 'failed', found: `${found}; not: ${first}`, advice };
}
