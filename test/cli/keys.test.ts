// An encrypted store on the command line: every command with keys, and a new key.
import { afterEach, beforeEach, expect, it } from 'vitest';
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
