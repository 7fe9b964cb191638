import { describe, it } from 'node:test';
import { describeContract, objectStorageContract } from 'tidemark/testkit';
import { SqliteStorage } from './sqlite-storage.ts';

describeContract({ describe, it }, 'my storage', objectStorageContract, async () => {
  const storage = new SqliteStorage(':memory:');
  return {
    // `createOnly`: the storage honours `ifAbsent`. Give `unreachable` too, one whose other end does not answer.
    context: { storage, prefix: '', createOnly: true },
    close: () => storage.close(),
  };
});
