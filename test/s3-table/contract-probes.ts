// The contract suites against a server, counted. They are the same cases that the tests run.
import { backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import { type ContractRunner, describeContract } from '../../src/testkit/contract.ts';
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
      const kept = await count((runner) =>
        describeContract(runner, 'storage', objectStorageContract, () =>
          openStorage(settings, { createOnly, plainKeysOnly }),
        ),
      );
      const without = [...(createOnly ? [] : ['create-only']), ...(plainKeysOnly ? ['odd keys'] : [])];
      return without.length === 0 ? kept : `${kept}, without ${without.join(' and ')}`;
    },
  },
  {
    question: 'contract of backup stores, cases kept',
    run: ({ place }) =>
      count((runner) => describeContract(runner, 'store', backupStoreContract, () => openStore(place))),
  },
];

function within(tools: ProbeTools, name: string): ProbeTools {
  return { ...tools, prefix: `${tools.prefix}${name}/` };
}

async function count(declare: (runner: ContractRunner) => void): Promise<string> {
  const cases: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  declare({
    describe: (_title, body) => body(),
    it: (name, run) => cases.push({ name, run }),
  });
  let kept = 0;
  for (const { name, run } of cases) {
    try {
      await run();
      kept += 1;
    } catch (cause) {
      console.error(`  not kept: ${name}: ${cause instanceof Error ? cause.message : cause}`);
    }
  }
  return `${kept} of ${cases.length}`;
}
