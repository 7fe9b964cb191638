// The contract of object storages, on the ones that need no server, and the contract held against its port.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { objectStorageContract } from '../../src/testkit/object-storage-contract.ts';

describe('the contract', () => {
  it('has exactly one case for each promise of the port, in its words', () => {
    const port = readFileSync(new URL('../../src/ports/object-storage.ts', import.meta.url), 'utf8');
    const promises = [...port.matchAll(/^ \* (\d+)\. (.+)$/gm)].map((match) => match[2]);
    expect(promises).toHaveLength(14);
    expect(objectStorageContract.map((contractCase) => contractCase.name)).toEqual(promises);
  });
});

describeContract({ describe, it }, 'memory keeps the contract', objectStorageContract, async () => {
  const storage = new MemoryObjectStorage({ clock: systemClock });
  return { context: { storage, prefix: '', createOnly: true }, close: () => storage.close() };
});

describeContract({ describe, it }, 'a directory keeps the contract', objectStorageContract, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'objects-'));
  const storage = new FilesystemObjectStorage({ clock: systemClock, random: systemRandom }, { directory });
  return {
    context: { storage, prefix: '', createOnly: true },
    close: () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
});
