// A save in Zeebe's layout that stops at any of its requests, in each of the ways a request can go wrong. Afterwards no
// reader sees a COMPLETED that is none, and the next leader can settle and delete it all.
import { describe, expect, it } from 'vitest';
import { assertSameBackup, sampleBackup } from '../../../src/testkit/sample-backups.ts';
import { keys } from '../damage.ts';
import type { Call, Fate } from '../scripted-storage.ts';
import { zeebePlace } from './zeebe-place.ts';

const backup = sampleBackup({ checkpointId: 5 });

async function requestsOfSave(): Promise<readonly Call[]> {
  const { storage, store } = zeebePlace().node();
  (await store.save(backup))._unsafeUnwrap();
  return storage.calls;
}

interface Trouble {
  readonly name: string;
  readonly fate: Fate;
  readonly lasting: boolean;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'refused once', fate: 'refused', lasting: false },
  { name: 'done, but the answer is lost', fate: 'lost', lasting: false },
  { name: 'refused from then on', fate: 'refused', lasting: true },
  { name: 'done, and everything refused from then on', fate: 'lost', lasting: true },
  { name: 'the writer dies before it', fate: 'silent before', lasting: true },
  { name: 'the writer dies right after it', fate: 'silent after', lasting: true },
];

const calls = await requestsOfSave();

describe.each(TROUBLES)('$name', ({ fate, lasting }) => {
  it.each(calls)('at request $index: $operation $key', async ({ index }) => {
    const { memory, node } = zeebePlace();
    const writer = node();
    const dies = fate.startsWith('silent');
    const died = Promise.withResolvers<'died'>();
    writer.storage.script = (call) => {
      if (call.index === index) {
        if (dies) died.resolve('died');
        return fate;
      }
      if (!lasting || call.index < index) return 'done';
      return dies ? 'silent before' : 'refused';
    };
    const end = await Promise.race([writer.store.save(backup), died.promise]);
    await new Promise((resolve) => setImmediate(resolve));

    const { store } = node();
    const state = async () => {
      const { backups } = (await store.list(backup.id))._unsafeUnwrap();
      return backups[0]?.statusCode ?? 'DOES_NOT_EXIST';
    };
    const then = await state();
    if (then === 'COMPLETED') await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
    if (end !== 'died' && end.isOk()) expect(then).toBe('COMPLETED');
    else if (!dies && !lasting) expect(['FAILED', 'DOES_NOT_EXIST']).toContain(then);

    for (const { id, term } of (await store.unsettled(1))._unsafeUnwrap()) {
      (await store.markFailed(id, 'orphan', { term }))._unsafeUnwrap();
    }
    expect(await state()).toBe(then === 'IN_PROGRESS' ? 'FAILED' : then);
    (await store.delete(backup.id))._unsafeUnwrap();
    expect(await keys(memory)).toEqual([]);
  });
});
