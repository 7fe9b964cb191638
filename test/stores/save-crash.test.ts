// A save that stops at any of its requests, in each of the ways a request can go wrong. Afterwards no reader sees
// a COMPLETED that is none, nothing stays IN_PROGRESS for ever, and the next leader can settle and delete it all.
import { describe, expect, it } from 'vitest';
import { assertSameBackup, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { nativePlace, STALE } from './native-place.ts';
import type { Call, Fate } from './scripted-storage.ts';

const first = sampleBackup({
  checkpointId: 1,
  snapshotFiles: [sampleFile('small', 100, 1), sampleFile('other', 200, 2)],
  segmentFiles: [sampleFile('log', 2_500, 3)],
});
const second = sampleBackup({
  checkpointId: 2,
  term: 2n,
  snapshotFiles: [sampleFile('small', 100, 1), sampleFile('other', 200, 4)],
  segmentFiles: [sampleFile('log', 2_500, 3), sampleFile('log-2', 2_500, 5)],
});

async function placeWithBase() {
  const place = nativePlace();
  (await place.node().store.save(first))._unsafeUnwrap();
  await place.clock.advance(1_000);
  return place;
}

async function requestsOfSave(): Promise<readonly Call[]> {
  const { node } = await placeWithBase();
  const { storage, store } = node();
  (await store.save(second))._unsafeUnwrap();
  return storage.calls;
}

/** From the call on, or that call alone. */
type Trouble = { readonly name: string; readonly fate: Fate; readonly lasting: boolean };
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
    const { clock, memory, node } = await placeWithBase();
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
    const end = await Promise.race([writer.store.save(second), died.promise]);
    await clock.advance(0);

    const { store } = node();
    const row = async () => {
      const page = (await store.list({ ...second.id, details: true }))._unsafeUnwrap();
      return page.backups[0];
    };
    const state = async () => (await row())?.statusCode ?? 'DOES_NOT_EXIST';
    const isWhole = async () => assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);

    const then = await state();
    if (then === 'COMPLETED') await isWhole();
    if (dies) expect(end).toBe('died');
    else if (end !== 'died' && end.isOk()) expect(then).toBe('COMPLETED');
    else if (!lasting) expect(then).not.toBe('COMPLETED');

    await clock.advance(STALE + 1);
    expect(await state()).toBe(then === 'IN_PROGRESS' ? 'FAILED' : then);
    if ((await state()) === 'FAILED') expect((await row())?.failureReason).toMatch(/./);

    const settled = (await store.markFailed(second.id, 'orphan', { term: 3n }))._unsafeUnwrap();
    expect(settled).toBe(then === 'COMPLETED' ? 'COMPLETED' : 'FAILED');
    expect((await store.unsettled(1))._unsafeUnwrap()).toEqual([]);
    if (settled === 'COMPLETED') await isWhole();
    (await store.delete(second.id))._unsafeUnwrap();
    expect(await state()).toBe('DOES_NOT_EXIST');
    const left = await keys(memory);
    expect(left.filter((key) => key.includes('/attempts/'))).toEqual([]);
    expect(left.filter((key) => key.startsWith('backups/'))).toHaveLength(1);
    await assertSameBackup((await store.open(first.id))._unsafeUnwrap(), first);
  });
});
