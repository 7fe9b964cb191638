// An encrypted store on the command line: every command with keys, and a new key.
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliWorld, makeWorld } from './cli-world.ts';

const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

const withKeys = (keys: string) => ({ env: { ...world.env, TIDEMARK_ENCRYPTION_KEYS: keys } });

it('every command works with keys, and a rotation lets the new one in and the old one out', async () => {
  await world.save(7n, [1, 2], 2, undefined, { encryptionKeys: [{ id: 'old', secret: OLD.slice(4) }] });
  expect((await world.run(['verify', '7'], withKeys(OLD))).code).toBe(0);
  expect((await world.run(['verify', '7'], withKeys(NEW))).code).toBe(25);
  for (const argv of [['list'], ['status', '7'], ['sweep'], ['label', '7', 'a=b'], ['hold', '7']]) {
    expect((await world.run(argv)).code).toBe(0);
  }
  const none = await world.run(['keys', 'rotate']);
  expect(none).toMatchObject({ code: 25 });
  expect(none.stderr).toContain('one of these keys is needed: [old]');

  const rotated = await world.run(['keys', 'rotate'], withKeys(`${NEW}, ${OLD}`));
  expect(rotated).toMatchObject({ code: 0, stderr: '' });
  expect(rotated.stdout).toBe(
    'key new opens everything from now on; other keys open it too: --remove-others ends that\n',
  );
  expect((await world.run(['verify', '7'], withKeys(NEW))).code).toBe(0);
  const removed = await world.run(['keys', 'rotate', '--remove-others', '--json'], withKeys(NEW));
  expect(removed.json()).toEqual({ keyId: 'new', dataKeys: 1n, wrapped: 0n, removed: 1n, left: 0n });
  expect((await world.run(['verify', '7'], withKeys(OLD))).code).toBe(25);
  expect((await world.run(['restore', '7'], withKeys(NEW))).code).toBe(0);
});

it('a place without anything encrypted has nothing to rotate', async () => {
  await world.save(7n);
  expect((await world.run(['keys', 'rotate'], withKeys(NEW))).stdout).toMatch(/^nothing is encrypted yet/);
});

it.each([
  ['no base64', 'a:zzz', 'encryptionKeys[0].secret must be 32 random bytes'],
  ['too short', `a:${Buffer.alloc(31, 1).toString('base64')}`, 'encryptionKeys[0].secret'],
  ['too long', `a:${Buffer.alloc(33, 1).toString('base64')}`, 'encryptionKeys[0].secret'],
  ['no padding', `a:${OLD.slice(4).replace('=', '')}`, 'encryptionKeys[0].secret'],
  ['of URLs', `a:${Buffer.alloc(32, 255).toString('base64url')}=`, 'encryptionKeys[0].secret'],
  ['in hex', `a:${Buffer.alloc(32, 1).toString('hex')}`, 'encryptionKeys[0].secret'],
  ['without a name', OLD.slice(4), 'encryptionKeys[0].id must have'],
  ['the wrong way round', `${OLD.slice(4)}:a`, 'encryptionKeys[0].id must have'],
  ['a bad name', `A b:${OLD.slice(4)}`, 'encryptionKeys[0].id must have'],
  ['two of one name', `${OLD},${OLD}`, 'must have different ids'],
])('%s is told, and not repeated', async (_, keys, problem) => {
  const { code, stderr } = await world.run(['list'], withKeys(keys));
  expect(code).toBe(3);
  expect(stderr).toContain('tidemark.encryption.keys');
  expect(stderr).toContain(problem);
  for (const secret of keys.split(/[:,]/).filter((part) => part.length > 10))
    expect(stderr).not.toContain(secret);
});

describe('keys in files', () => {
  const file = async (name: string, text: string) => {
    const path = join(world.directory, name);
    await writeFile(path, text);
    return path;
  };
  const withFiles = (files: string) => ({ env: { ...world.env, TIDEMARK_ENCRYPTION_KEYFILES: files } });

  it('are read with or without a line end, and rotated as others are', async () => {
    const encryptionKeys = [{ id: 'old', secret: OLD.slice(4) }];
    await world.save(7n, [1, 2], 2, undefined, { encryptionKeys });
    const old = await file('old', `${OLD.slice(4)}\r\n`);
    const fresh = await file('new', NEW.slice(4));
    for (const argv of [['verify', '7'], ['doctor'], ['repair']])
      expect(await world.run(argv, withFiles(`old:${old}`)), argv.join(' ')).toMatchObject({ code: 0 });
    expect((await world.run(['keys', 'rotate'], withFiles(`new:${fresh}, old:${old}`))).code).toBe(0);
    expect((await world.run(['verify', '7'], withFiles(`new:${fresh}`))).code).toBe(0);
  });

  it.each([
    ['missing', async () => `a:${join(world.directory, 'none')}`, /none \(key a\) cannot be read \(ENOENT\)/],
    ['a directory', async () => `a:${world.directory}`, /\(key a\) cannot be read \(EISDIR\)/],
    ['empty', async () => `a:${await file('k', '')}`, /k \(key a\) must hold 32 random bytes/],
    [
      'two keys',
      async () => `a:${await file('k', `${OLD.slice(4)}\n${NEW.slice(4)}`)}`,
      /must hold 32 random/,
    ],
    ['long', async () => `a:${await file('k', `${OLD.slice(4)}${' '.repeat(300)}x`)}`, /is too large/],
    ['raw bytes', async () => `a:${await file('k', '\u0001'.repeat(32))}`, /must hold 32 random bytes/],
    ['of one name', async () => `a:${await file('k', OLD.slice(4))},a:/x`, /each id once/],
    ['a key and no path', async () => OLD, /files of keys as 'id:path'/],
  ] as const)('%s is told, without what is in it', async (_, files, problem) => {
    const { code, stderr } = await world.run(['list'], withFiles(await files()));
    expect(code).toBe(3);
    expect(stderr).toMatch(problem);
    expect(stderr).not.toContain(OLD.slice(4));
  });

  it('and keys in settings are not both taken', async () => {
    const path = await file('k', OLD.slice(4));
    const env = {
      ...world.env,
      TIDEMARK_ENCRYPTION_KEYS: OLD,
      TIDEMARK_ENCRYPTION_KEYFILES: `a:${path}`,
    };
    expect(await world.run(['list'], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('set one of them'),
    });
  });

  it('are refused by a constructor, which would save in the clear', () => {
    const encryptionKeyFiles = [{ id: 'a', path: '/run/secrets/a' }];
    expect(() => new FilesystemBackupStore({ basePath: world.storeDirectory, encryptionKeyFiles })).toThrow(
      /encryptionKeyFiles are read by openBackupStore alone/,
    );
  });
});

describe('what is wrong with an encrypted store has a code and words of its own', () => {
  const all = async (part: string) => {
    const entries = await readdir(world.storeDirectory, { recursive: true, withFileTypes: true });
    const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    return paths.filter((path) => path.includes(part)).sort();
  };
  const changed = async (part: string) => {
    const [path = ''] = await all(part);
    const bytes = await readFile(path);
    const at = part === '/keys/' ? bytes.indexOf('wrapped') + 12 : bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) === 0x61 ? 0x62 : 0x61, at);
    await writeFile(path, bytes);
  };
  const CASES: readonly (readonly [
    string,
    { keys?: string; act?: () => Promise<unknown>; restore: number; verify: number; words: RegExp },
  ])[] = [
    ['no key', { keys: '', restore: 25, verify: 25, words: /one of these keys is needed: \[old\]/ }],
    ['another key', { keys: NEW, restore: 25, verify: 25, words: /one of these keys is needed: \[old\]/ }],
    [
      'another secret',
      { keys: `old:${NEW.slice(4)}`, restore: 26, verify: 26, words: /key=old .*correct its secret/ },
    ],
    [
      'a wrapped key that was changed',
      { act: () => changed('/keys/'), restore: 28, verify: 14, words: /keys\/\w+\/old .*another digest/ },
    ],
    [
      'a wrapped key that was cut',
      {
        act: async () => writeFile((await all('/keys/'))[0] ?? '', '{"form'),
        restore: 28,
        verify: 14,
        words: /keys\/\w+\/old .*no JSON/,
      },
    ],
    [
      'a wrapped key that is gone',
      {
        act: () => rm(join(world.storeDirectory, 'keys'), { recursive: true }),
        restore: 28,
        verify: 14,
        words: /keys\/\w+\/ .*holds nothing any more/,
      },
    ],
    [
      'a chunk that was changed',
      { act: () => changed('/chunks/'), restore: 14, verify: 14, words: /its tag/ },
    ],
    [
      'a manifest that was lengthened',
      {
        act: async () => appendFile((await all('/completed.'))[0] ?? '', 'x'),
        restore: 14,
        verify: 14,
        words: /their digest do not match/,
      },
    ],
  ];
  it.each(CASES)('%s', async (_, { keys = OLD, act, restore, verify, words }) => {
    const encryptionKeys = [{ id: 'old', secret: OLD.slice(4) }];
    await world.save(7n, [1, 2], 2, undefined, { encryptionKeys });
    await act?.();
    const before = await all('');
    const options = keys === '' ? {} : withKeys(keys);
    const outcomes = [await world.run(['restore', '7'], options), await world.run(['verify', '7'], options)];
    expect(outcomes.map(({ code }) => code)).toEqual([restore, verify]);
    for (const { stdout, stderr } of outcomes) {
      expect(`${stdout}${stderr}`).toMatch(words);
      for (const secret of [OLD, NEW]) expect(`${stdout}${stderr}`).not.toContain(secret.slice(4));
    }
    expect(await all('')).toEqual(before);
    expect(await readdir(world.dataDirectory).catch(() => [])).toEqual([]);
  });
});
