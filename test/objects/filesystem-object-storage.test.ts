// What only a directory can get wrong: what is outside of it, what is left in it, and races over its entries.
import fs from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';

const components = { clock: systemClock, random: systemRandom };
const body = new TextEncoder().encode('body');
const UPLOADS = '.tidemark-uploads';

let directory: string;
let storage: FilesystemObjectStorage;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'objects-'));
  storage = new FilesystemObjectStorage(components, { directory });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function put(...keys: string[]): Promise<void> {
  for (const key of keys) (await storage.put(key, body))._unsafeUnwrap();
}

async function keys(prefix: string, startAfter?: string): Promise<string[]> {
  const page = (await storage.list(prefix, startAfter === undefined ? {} : { startAfter }))._unsafeUnwrap();
  return page.objects.map((object) => object.key);
}

describe('the directory', () => {
  it('is never made', async () => {
    const gone = new FilesystemObjectStorage(components, { directory: join(directory, 'gone') });
    const calls = [
      gone.put('a/b', body),
      gone.put('a/b', body, { ifAbsent: true }),
      gone.get('a/b'),
      gone.head('a/b'),
      gone.list(''),
      gone.list('a/'),
      gone.delete(['a/b']),
    ];
    for (const call of calls) {
      const error = (await call)._unsafeUnwrapErr();
      expect(error.name).toBe('StoreNotFound');
      expect(error.message).toContain(join(directory, 'gone'));
    }
    expect(await readdir(directory)).toEqual([]);
  });

  it('may not be a file', async () => {
    await writeFile(join(directory, 'file'), 'x');
    const wrong = new FilesystemObjectStorage(components, { directory: join(directory, 'file') });
    expect((await wrong.put('a', body))._unsafeUnwrapErr().name).toBe('StoreNotFound');
    expect((await wrong.list(''))._unsafeUnwrapErr().name).toBe('StoreNotFound');
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'a/', '', 'a\u0000b', `${UPLOADS}/a`])(
    'is not left by the key %j',
    async (key) => {
      await expect(storage.put(key, body)).rejects.toThrow(/key/);
      await expect(storage.get(key)).rejects.toThrow(/key/);
      await expect(storage.delete([key])).rejects.toThrow(/key/);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it('is not left by a prefix', async () => {
    await expect(storage.list('../')).rejects.toThrow('not a prefix');
  });

  it('holds its objects as plain files, and nothing else but the place for unfinished ones', async () => {
    await put('a/b/c', 'd');
    expect(await readFile(join(directory, 'a/b/c'), 'utf8')).toBe('body');
    expect((await readdir(directory)).sort()).toEqual([UPLOADS, 'a', 'd']);
    expect(await readdir(join(directory, UPLOADS))).toEqual([]);
  });
});

describe('unfinished files', () => {
  it('are not listed, and are removed a day later', async () => {
    await mkdir(join(directory, UPLOADS));
    const [old, young] = [join(directory, UPLOADS, 'old'), join(directory, UPLOADS, 'young')];
    await writeFile(old, 'half');
    await writeFile(young, 'half');
    const yesterday = (Date.now() - 25 * 3_600_000) / 1_000;
    await utimes(old, yesterday, yesterday);
    expect(await keys('')).toEqual([]);
    await put('a');
    expect(await readdir(join(directory, UPLOADS))).toEqual(['young']);
    expect(await keys('')).toEqual(['a']);
  });

  it('are removed when the put fails', async () => {
    await put('a', 'taken');
    expect((await storage.put('a/b', body))._unsafeUnwrapErr().name).toBe('StoreFailure');
    expect((await storage.put('a/b', body, { ifAbsent: true }))._unsafeUnwrapErr().name).toBe('StoreFailure');
    const results = await Promise.all([1, 2, 3].map(() => storage.put('new', body, { ifAbsent: true })));
    expect(results.filter((result) => result.isOk())).toHaveLength(1);
    expect(await readdir(join(directory, UPLOADS))).toEqual([]);
  });

  it('may lose their place', async () => {
    await put('a');
    await rm(join(directory, UPLOADS), { recursive: true });
    await put('b');
    expect(await keys('')).toEqual(['a', 'b']);
  });
});

describe('an upload in parts', () => {
  const parts = { partSizeBytes: 4 };
  const started = async (key: string) => (await storage.startUpload(key, parts))._unsafeUnwrap();

  it('takes parts at the same time and in any order', async () => {
    const upload = await started('a');
    const sent = ['0123', '4567', '89'].map((part, index) => upload.part(index, Buffer.from(part)));
    for (const result of await Promise.all(sent.reverse())) result._unsafeUnwrap();
    (await upload.complete())._unsafeUnwrap();
    expect(Buffer.from((await storage.get('a'))._unsafeUnwrap()).toString()).toBe('0123456789');
  });

  it('never makes up bytes for parts that were taken away', async () => {
    const upload = await started('a');
    (await upload.part(0, Buffer.from('0123')))._unsafeUnwrap();
    await rm(join(directory, UPLOADS), { recursive: true });
    await mkdir(join(directory, UPLOADS));
    expect((await upload.part(1, Buffer.from('45')))._unsafeUnwrapErr().name).toBe('StoreFailure');
    expect((await upload.complete()).isErr()).toBe(true);
    expect(await keys('')).toEqual([]);
  });

  it('completed again leaves the object as it is', async () => {
    const upload = await started('a');
    (await upload.part(0, Buffer.from('01')))._unsafeUnwrap();
    (await upload.complete())._unsafeUnwrap();
    await upload.complete();
    expect(Buffer.from((await storage.get('a'))._unsafeUnwrap()).toString()).toBe('01');
  });

  it('without parts is an empty object', async () => {
    (await (await started('a')).complete())._unsafeUnwrap();
    expect((await storage.get('a'))._unsafeUnwrap()).toHaveLength(0);
  });
});

describe('deleting', () => {
  it('removes directories that get empty, and no others', async () => {
    await put('a/b/c/d', 'a/b/e', 'f/g');
    (await storage.delete(['a/b/c/d', 'f/g']))._unsafeUnwrap();
    expect((await readdir(directory, { recursive: true })).sort()).toEqual([UPLOADS, 'a', 'a/b', 'a/b/e']);
    (await storage.delete(['a/b/e', 'a/b/c/d']))._unsafeUnwrap();
    expect(await readdir(directory)).toEqual([UPLOADS]);
  });

  it('leaves a directory that has the name of a key', async () => {
    await put('a/b');
    (await storage.delete(['a']))._unsafeUnwrap();
    expect(await keys('')).toEqual(['a/b']);
  });

  it('and putting in the same directory at the same time lose nothing', async () => {
    const other = new FilesystemObjectStorage(components, { directory });
    const rounds = Array.from({ length: 150 }, (_, round) => round);
    await put('x/y/0');
    const churn = rounds.map(async (round) => {
      const writer = round % 2 === 0 ? storage : other;
      (await writer.put(`x/y/${round % 5}`, body))._unsafeUnwrap();
      (await storage.delete([`x/y/${round % 5}`]))._unsafeUnwrap();
    });
    const kept = rounds.map(async (round) => {
      (await other.put(`x/y/kept-${round}`, body, { ifAbsent: true }))._unsafeUnwrap();
      (await storage.delete([`x/y/kept-${round - 1}`]))._unsafeUnwrap();
      (await storage.put(`x/${round}/kept`, body))._unsafeUnwrap();
    });
    await Promise.all([...churn, ...kept]);
    const left = await keys('x/');
    expect(left.filter((key) => key.endsWith('/kept'))).toHaveLength(rounds.length);
  });
});

describe('listing', () => {
  it('reads no directory that can hold no answer', async () => {
    await put('a/x', 'b/1/x', 'b/2/x', 'b/2/y/x', 'b/3/x', 'c/x');
    const read: string[] = [];
    const readdirOfNode = fs.promises.readdir;
    const counted = (path: string, ...rest: unknown[]) => {
      read.push(relative(directory, path));
      return Reflect.apply(readdirOfNode, fs.promises, [path, ...rest]);
    };
    Object.assign(fs.promises, { readdir: counted });
    syncBuiltinESMExports();
    try {
      expect(await keys('b/', 'b/2/x')).toEqual(['b/2/y/x', 'b/3/x']);
      expect(read).toEqual(['b', 'b/2', 'b/2/y', 'b/3']);
      read.length = 0;
      const page = (await storage.list('', { limit: 1 }))._unsafeUnwrap();
      expect(page).toMatchObject({ objects: [{ key: 'a/x' }], truncated: true });
      expect(read).toEqual(['', 'a', 'b', 'b/1']);
    } finally {
      Object.assign(fs.promises, { readdir: readdirOfNode });
      syncBuiltinESMExports();
    }
  });

  it('takes nothing but files for objects', async () => {
    await put('a/x');
    await symlink(join(directory, 'a'), join(directory, 'link'));
    await symlink(join(directory, 'a/x'), join(directory, 'a/link'));
    await mkdir(join(directory, 'empty/dir'), { recursive: true });
    await writeFile(join(directory, 'bad\u0001name'), 'x');
    expect(await keys('')).toEqual(['a/x']);
  });

  it('gives nothing below an object', async () => {
    await put('a');
    expect(await keys('a/')).toEqual([]);
    expect(await keys('a/b/c')).toEqual([]);
  });
});

describe('failures', () => {
  it('are denials without permission', async () => {
    if (process.getuid?.() === 0) return;
    await chmod(directory, 0o500);
    expect((await storage.put('a', body))._unsafeUnwrapErr().name).toBe('StoreAccessDenied');
    await chmod(directory, 0o700);
  });
});

describe('a clock that is hours wrong', () => {
  it('does not make a listing look old or new: its time is that of the file system', async () => {
    for (const skewMs of [-5 * 3_600_000, 5 * 3_600_000, 50 * 3_600_000]) {
      const clock = { now: () => Date.now() + skewMs };
      const skewed = new FilesystemObjectStorage({ clock, random: systemRandom }, { directory });
      await put('a/b');
      const page = (await skewed.list(''))._unsafeUnwrap();
      const ageMs = page.now - (page.objects[0]?.lastModified ?? 0);
      expect(Math.abs(ageMs)).toBeLessThan(60_000);
      expect(page.objects).toHaveLength(1);
    }
  });

  it('removes no file that another writer has just begun', async () => {
    await put('a/b');
    const begun = join(directory, UPLOADS, 'begun');
    await writeFile(begun, 'x');
    const clock = { now: () => Date.now() + 50 * 3_600_000 };
    const skewed = new FilesystemObjectStorage({ clock, random: systemRandom }, { directory });
    (await skewed.put('a/c', body))._unsafeUnwrap();
    expect(await readFile(begun, 'utf8')).toBe('x');
  });

  it('is believed where nothing may be written', async () => {
    await put('a/b');
    const uploads = join(directory, UPLOADS);
    await rm(uploads, { recursive: true });
    await writeFile(uploads, 'in the way');
    const clock = { now: () => 1_000 };
    const reader = new FilesystemObjectStorage({ clock, random: systemRandom }, { directory });
    expect((await reader.list(''))._unsafeUnwrap().now).toBe(1_000);
  });
});
