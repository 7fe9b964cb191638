// Does the store keep what it is given: create-only, at once readable, in ranges, under odd names, in parts, as
// signed?
import { createHash } from 'node:crypto';
import { type Check, isSame, text } from './finding.ts';
import { must } from './must.ts';
import { ODD_KEYS } from './probe-keys.ts';

const NOTHING = () => {};
const RACES = 6;
const ROUNDS = 10;
const PART_SIZE_BYTES = 5 * 1024 * 1024;

const NOT_HONOURED =
  'two clusters that claim one place at the same moment, or a backup that is called off while it is published, ' +
  'may both succeed; give each cluster a base path of its own and set its id';

/** Whether one of two writers wins, each time. The findings of others depend on it. */
export const CREATE_ONLY: Check = {
  name: 'create-only writes',
  async run({ storage, scratch, signal }) {
    const once = `${scratch}once/x`;
    const create = (key: string, body: string) => storage.put(key, text(body), { ifAbsent: true, signal });
    await must(create(once, 'first'));
    const second = await create(once, 'second');
    if (second.isErr() && second.error.name !== 'ObjectAlreadyExists') throw second.error;
    if (second.isOk())
      return [{ state: 'warning', found: 'ignored: a second one replaces the first', advice: NOT_HONOURED }];
    let both = 0;
    for (let race = 0; race < RACES; race += 1) {
      const key = `${scratch}race/${race}`;
      const [one, other] = await Promise.all([create(key, 'one'), create(key, 'other')]);
      for (const result of [one, other])
        if (result.isErr() && result.error.name !== 'ObjectAlreadyExists') throw result.error;
      if (one.isOk() && other.isOk()) both += 1;
    }
    if (both === 0)
      return [{ state: 'ok', found: `honoured, and one of two writers won in ${RACES} of ${RACES} races` }];
    return [
      {
        state: 'warning',
        found: `refused, or no guard: both of two writers won in ${both} of ${RACES} races`,
        advice: NOT_HONOURED,
      },
    ];
  },
};

const READ_AFTER_WRITE: Check = {
  name: 'read after write',
  async run({ storage, scratch, signal }) {
    const late = { get: 0, list: 0, deleted: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = `${scratch}seen/${round}`;
      const body = text(`round ${round}`);
      await must(storage.put(key, text('old'), { signal }));
      await must(storage.put(key, body, { signal }));
      if (!isSame(await must(storage.get(key, { signal })), body)) late.get += 1;
      if ((await must(storage.list(key, { signal }))).objects.length !== 1) late.list += 1;
      await must(storage.delete([key], { signal }));
      const gone = await storage.head(key, { signal });
      if (gone.isErr() && gone.error.name !== 'ObjectNotFound') throw gone.error;
      const left = (await must(storage.list(key, { signal }))).objects.length;
      if (gone.isOk() || left > 0) late.deleted += 1;
    }
    if (late.get + late.list + late.deleted === 0)
      return [{ state: 'ok', found: `at once, ${ROUNDS} of ${ROUNDS} times` }];
    return [
      {
        state: 'failed',
        found: `of ${ROUNDS} times late: GET ${late.get}, LIST ${late.list}, after a delete ${late.deleted}`,
        advice:
          'backups can be lost on such a store; turn off caches and mirrors in between, or use another one',
      },
    ];
  },
};

const RANGES: Check = {
  name: 'ranges',
  async run({ storage, scratch, signal }) {
    const key = `${scratch}range/x`;
    await must(storage.put(key, text('0123456789'), { signal }));
    for (const [start, length, expected] of [
      [2, 3, '234'],
      [8, 9, '89'],
      [20, 5, ''],
    ] as const) {
      const got = await must(storage.get(key, { range: { start, length }, signal }));
      if (!isSame(got, text(expected)))
        return [
          {
            state: 'failed',
            found: `${got.length} wrong bytes for ${length} from ${start} of 10`,
            advice:
              'nothing can be restored from a store that gives wrong ranges; look at proxies in between',
          },
        ];
    }
    return [{ state: 'ok', found: 'inside, past the end, behind the end' }];
  },
};

const SIGNED_BODIES: Check = {
  name: 'checksums',
  async run({ storage, scratch, signal, isBucket }) {
    if (!isBucket) return [{ state: 'skipped', found: 'a directory has none; what is read is hashed' }];
    const sha256 = createHash('sha256').update('another body').digest();
    const put = await storage.put(`${scratch}forged/x`, text('a body'), { sha256, signal });
    if (put.isErr() && put.error.name === 'Aborted') throw put.error;
    if (put.isErr()) return [{ state: 'ok', found: 'a body that is not the one that was signed is refused' }];
    return [
      {
        state: 'warning',
        found: 'a body that is not the one that was signed is stored',
        advice:
          'what is damaged on its way in is found when it is read: verify each backup after it is taken',
      },
    ];
  },
};

const ODD_NAMES: Check = {
  name: 'odd names',
  async run({ storage, scratch, signal, layout }) {
    const failed: string[] = [];
    for (const [what, name] of ODD_KEYS) {
      const key = `${scratch}odd/${name}`;
      const put = await storage.put(key, text(name), { signal });
      if (put.isErr() && put.error.name === 'Aborted') throw put.error;
      const got = await storage.get(key, { signal });
      const listed = await storage.list(`${scratch}odd/`, { signal });
      const isListed =
        listed.isOk() && listed.value.objects.length === 1 && listed.value.objects[0]?.key === key;
      const deleted = await storage.delete([key], { signal });
      const isRight = got.isOk() && isSame(got.value, text(name)) && isListed && deleted.isOk();
      if (!isRight) failed.push(what);
    }
    if (failed.length === 0)
      return [{ state: 'ok', found: `${ODD_KEYS.length} of ${ODD_KEYS.length} kinds` }];
    const advice =
      layout === 'zeebe'
        ? 'files of the broker with such names cannot be backed up; its own have none'
        : 'no backup needs them: the native layout has names of plain letters and digits';
    return [{ state: 'warning', found: `not ${failed.join(', ')}`, advice }];
  },
};

const PARTS: Check = {
  name: 'uploads in parts',
  async run({ storage, scratch, signal, layout }) {
    if (layout !== 'zeebe') return [{ state: 'skipped', found: "only Zeebe's layout needs them" }];
    const key = `${scratch}parts/x`;
    const parts = [new Uint8Array(PART_SIZE_BYTES).fill(1), new Uint8Array(1_000).fill(2)];
    const upload = await must(storage.startUpload(key, { partSizeBytes: PART_SIZE_BYTES, signal }));
    try {
      for (const [index, bytes] of parts.entries()) await must(upload.part(index, bytes, { signal }));
      const early = await storage.head(key, { signal });
      await must(upload.complete({ signal }));
      const whole = await must(storage.get(key, { signal }));
      const isRight = early.isErr() && isSame(whole, Buffer.concat(parts));
      if (isRight) return [{ state: 'ok', found: 'seen when complete, and not before' }];
      const advice = 'large files cannot be stored in such a place; use the native layout or another store';
      return [{ state: 'failed', found: 'seen before it was complete, or with other bytes', advice }];
    } finally {
      // Also when it was called off: parts that nobody sees cost money all the same.
      await upload.abort().match(NOTHING, NOTHING);
    }
  },
};

export const WRITE_CHECKS: readonly Check[] = [
  CREATE_ONLY,
  READ_AFTER_WRITE,
  RANGES,
  SIGNED_BODIES,
  ODD_NAMES,
  PARTS,
];
