// The power goes at every file operation of a directory that objects are put into: what is found of an object afterwards
// is all of it, as it was or as it was to be, and what was acknowledged is there.
import type { Result, ResultAsync } from 'neverthrow';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { LOSSES, PowerCutFs } from '../support/power-cut-fs.ts';
import { expectOnPage } from '../support/testing-page.ts';

vi.mock('node:fs/promises', async () => (await import('../support/power-cut-fs.ts')).powerCutModule);

const ROOT = '/mnt/backups';
const OLD = Buffer.from('what was there');
const NEW = Buffer.from('what is to be there, and longer');
const KEY = 'a/b/new';
const OTHER = 'a/c/other';

interface Scenario {
  readonly name: string;
  /** Of the key, before. */
  readonly before: Buffer | undefined;
  readonly act: (storage: ObjectStorage) => ResultAsync<void, Error> | Promise<Result<void, Error>>;
  readonly after: Buffer | undefined;
}

async function upload(storage: ObjectStorage) {
  const upload = (await storage.startUpload(KEY, { partSizeBytes: 10 }))._unsafeUnwrap();
  for (const index of [2, 0, 3, 1]) {
    (await upload.part(index, NEW.subarray(10 * index, 10 * index + 10)))._unsafeUnwrap();
  }
  return upload.complete();
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'put a new object', before: undefined, act: (storage) => storage.put(KEY, NEW), after: NEW },
  { name: 'put in place of another', before: OLD, act: (storage) => storage.put(KEY, NEW), after: NEW },
  {
    name: 'create an object',
    before: undefined,
    act: (storage) => storage.put(KEY, NEW, { ifAbsent: true }),
    after: NEW,
  },
  { name: 'upload an object in parts', before: OLD, act: upload, after: NEW },
  { name: 'delete an object', before: OLD, act: (storage) => storage.delete([KEY]), after: undefined },
];

let made = 0;

function open(): FilesystemObjectStorage {
  const random = {
    hex: (bytes: number) => {
      made += 1;
      return made.toString(16).padStart(2 * bytes, '0');
    },
  };
  return new FilesystemObjectStorage({ clock: new ManualClock(), random }, { directory: ROOT });
}

async function diskWith(before: Buffer | undefined): Promise<PowerCutFs> {
  const disk = new PowerCutFs();
  disk.makeDurable(ROOT);
  await disk.run(async () => {
    (await open().put(OTHER, OLD))._unsafeUnwrap();
    if (before !== undefined) (await open().put(KEY, before))._unsafeUnwrap();
  });
  return disk.afterPowerCut({ names: 'lost', data: 'lost' });
}

/** The object by three ways, which must agree. */
async function read(disk: PowerCutFs, key: string, what: string): Promise<Buffer | undefined> {
  const found = await disk.run(async () => {
    const storage = open();
    const got = await storage.get(key);
    const head = await storage.head(key);
    const listed = (await storage.list(''))._unsafeUnwrap().objects.find((object) => object.key === key);
    expect(head.isOk(), what).toBe(got.isOk());
    expect(listed?.sizeBytes, what).toBe(got.isOk() ? got.value.length : undefined);
    return got.isOk() ? Buffer.from(got.value) : undefined;
  });
  if (found === 'cut') throw new Error('nothing was to cut the power');
  return found;
}

const figures = new Map<string, string>();

afterAll(() => {
  if (figures.size < SCENARIOS.length) return;
  const table = [
    '| in a directory | file operations | power cuts |',
    '| --- | --- | --- |',
    ...figures.values(),
  ];
  expectOnPage('power-cut-objects', table.join('\n'));
});

describe.each(SCENARIOS)('$name', ({ name, before, act, after }) => {
  it('is done or not done wherever the power goes, and done for good when it was told so', async () => {
    const sample = await diskWith(before);
    await sample.run(() => act(open()));
    const operations = sample.operations;
    expect(operations).toBeGreaterThan(4);
    figures.set(name, `| ${name} | ${operations} | ${(operations + 1) * LOSSES.length} |`);
    for (let operation = 1; operation <= operations + 1; operation += 1) {
      const disk = await diskWith(before);
      disk.cutAt = operation;
      const end = await disk.run(() => act(open()));
      const isTold = end !== 'cut' && end.isOk();
      if (operation > operations) expect(isTold).toBe(true);
      for (const loss of LOSSES) {
        const what = `operation ${operation}, names ${loss.names}, data ${loss.data}`;
        const next = disk.afterPowerCut(loss);
        const found = await read(next, KEY, what);
        if (isTold) expect(found, what).toEqual(after);
        else expect([before, after], what).toContainEqual(found);
        expect(await read(next, OTHER, what), what).toEqual(OLD);
        await next.run(() => act(open()));
        expect(await read(next, KEY, what), what).toEqual(after);
      }
    }
  });

  it('leaves the object as it was, or done, when one operation fails', async () => {
    const sample = await diskWith(before);
    await sample.run(() => act(open()));
    for (let operation = 1; operation <= sample.operations; operation += 1) {
      const disk = await diskWith(before);
      disk.failAt = operation;
      const end = await disk.run(async () => {
        try {
          return (await act(open())).isOk();
        } catch {
          return false;
        }
      });
      const found = await read(disk, KEY, `operation ${operation}`);
      if (end === true) expect(found, `operation ${operation}`).toEqual(after);
      else expect([before, after], `operation ${operation}`).toContainEqual(found);
    }
  });
});

describe.each(['about files', 'about names'] as const)('on a disk that lies %s', (lies) => {
  it('an acknowledged object is lost', async () => {
    const disk = await diskWith(undefined);
    disk.lies = lies;
    await disk.run(async () => (await open().put(KEY, NEW))._unsafeUnwrap());
    const found = await read(disk.afterPowerCut({ names: 'lost', data: 'lost' }), KEY, lies);
    expect(found).not.toEqual(NEW);
  });
});
