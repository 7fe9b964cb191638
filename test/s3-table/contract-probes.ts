// The contract suites against a server, counted. They are the same cases that the tests run.
import { backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import type { ContractCase, ContractSubject } from '../../src/testkit/contract.ts';
import { countContract } from '../../src/testkit/count-contract.ts';
import { objectStorageContract } from '../../src/testkit/object-storage-contract.ts';
import { openStorage, openStore } from '../contract/s3-subjects.ts';
import type { Probe, ProbeTools } from './probe.ts';
import { PLAIN_ORDER } from './read-probes.ts';
import { CREATE_ONLY } from './write-probes.ts';

export const contractProbes: readonly Probe[] = [
  {
    question: 'contract of object storages, cases kept',
    async run(tools) {
      // What the server does not promise is not asked of it: the contract has words for both.
      const createOnly = (await CREATE_ONLY.run(within(tools, 'create-only'))) === 'honoured';
      const plainKeysOnly = (await PLAIN_ORDER.run(within(tools, 'order'))) !== 'UTF-8';
      const settings = { ...tools.place, forcePathStyle: true };
      const kept = await count(objectStorageContract, () =>
        openStorage(settings, { createOnly, plainKeysOnly }),
      );
      const without = [...(createOnly ? [] : ['create-only']), ...(plainKeysOnly ? ['odd keys'] : [])];
      return without.length === 0 ? kept : `${kept}, without ${without.join(' and ')}`;
    },
  },
  {
    question: 'contract of backup stores, cases kept',
    run: ({ place }) => count(backupStoreContract, () => openStore(place)),
  },
];

function within(tools: ProbeTools, name: string): ProbeTools {
  return { ...tools, prefix: `${tools.prefix}${name}/` };
}

async function count<Context>(
  cases: readonly ContractCase<Context>[],
  open: () => Promise<ContractSubject<Context>>,
): Promise<string> {
  const { kept, broken } = await countContract(cases, open);
  for (const { promise, why } of broken) console.error(`  not kept: ${promise}: ${why}`);
  return `${kept} of ${kept + broken.length}`;
}
