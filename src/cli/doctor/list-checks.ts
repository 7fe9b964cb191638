// Does a listing give every name once, in order, in pages, from where it is asked to start; and does a delete of many
// delete them all?
import { compareKeys } from '../../objects/object-key.ts';
import { type Check, type CheckTools, text } from './finding.ts';
import { must } from './must.ts';
import { MIXED_KEYS } from './probe-keys.ts';

const NOTHING = () => {};
const MANY = 30;
const PER_PAGE = 7;
const LOSES =
  'a backup may not be found, or a chunk that is in use be freed: use another store, or look at proxies in between';

/** All names a layout of ours makes sort alike everywhere; the findings of contracts depend on the others. */
export const ODD_ORDER: Check = {
  name: 'order of odd names',
  async run(tools) {
    const { storage, scratch, signal } = tools;
    const keys = MIXED_KEYS.map((name) => `${scratch}mixed/${name}`);
    try {
      for (const key of keys) await must(storage.put(key, text('x'), { signal }));
      const listed = await storage.list(`${scratch}mixed/`, { signal });
      if (listed.isErr() && listed.error.name === 'Aborted') throw listed.error;
      const found = listed.isOk() ? listed.value.objects.map(({ key }) => key) : [];
      const sorted = [...keys].sort(compareKeys);
      if (sorted.length === found.length && sorted.every((key, at) => key === found[at]))
        return [{ state: 'ok', found: 'that of their UTF-8 bytes' }];
      const advice = 'no backup needs it: the layouts have names that sort alike everywhere';
      return [{ state: 'warning', found: 'another than that of their UTF-8 bytes', advice }];
    } finally {
      // By name, and whatever the signal says: a store that lists them in a wrong order is not asked to.
      // What cannot be deleted here is told by the clearing up.
      await storage.delete(keys).match(NOTHING, NOTHING);
    }
  },
};

const LISTING: Check = {
  name: 'order, pages and start-after',
  async run(tools) {
    const keys = await putMany(tools);
    const seen: string[] = [];
    for (let pages = 0; pages <= MANY; pages += 1) {
      const startAfter = seen.at(-1);
      const page = await must(
        tools.storage.list(`${tools.scratch}many/`, {
          limit: PER_PAGE,
          signal: tools.signal,
          ...(startAfter === undefined ? {} : { startAfter }),
        }),
      );
      seen.push(...page.objects.map(({ key }) => key));
      if (!page.truncated) break;
    }
    if (seen.length === keys.length && keys.every((key, at) => key === seen[at]))
      return [{ state: 'ok', found: `${MANY} names in pages of ${PER_PAGE}, each once` }];
    return [
      { state: 'failed', found: `${seen.length} names of ${MANY}, or in a wrong order`, advice: LOSES },
    ];
  },
};

const DELETES: Check = {
  name: 'deletes of many',
  async run(tools) {
    const { storage, scratch, signal } = tools;
    const keys = await putMany(tools);
    await must(storage.delete([...keys, `${scratch}many/never-there`], { signal }));
    const left = (await must(storage.list(`${scratch}many/`, { signal }))).objects.length;
    if (left === 0) return [{ state: 'ok', found: `${MANY} names and one that is not there: all gone` }];
    const advice =
      'nothing can be deleted, pruned or swept for good; look at locks and versions of the bucket';
    return [{ state: 'failed', found: `${left} of ${MANY} are left`, advice }];
  },
};

async function putMany({ storage, scratch, signal }: CheckTools): Promise<readonly string[]> {
  const keys = Array.from({ length: MANY }, (_, at) => `${scratch}many/${String(at).padStart(3, '0')}/x`);
  await Promise.all(keys.map((key) => must(storage.put(key, text('x'), { signal }))));
  return keys;
}

export const LIST_CHECKS: readonly Check[] = [LISTING, DELETES, ODD_ORDER];
