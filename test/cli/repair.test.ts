// Damage in a real directory: what is proven comes back, what is lost is named, and nothing else is touched.
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliWorld, makeWorld, partitionBackup } from './cli-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

async function files(part: string): Promise<string[]> {
  const entries = await readdir(world.storeDirectory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => path.includes(part))
    .sort();
}

/** The same bytes once as they are and once compressed, by two nodes. Gives the objects of each. */
async function saveTwins(): Promise<{ readonly plain: string; readonly zstd: string }> {
  const found: string[] = [];
  for (const [node, compression] of [
    [0, 'none'],
    [1, 'auto'],
  ] as const) {
    const store = new FilesystemBackupStore({ basePath: world.storeDirectory, compression });
    const backup = partitionBackup(7n, 1, 1);
    const bytes = new TextEncoder().encode(
      Array.from({ length: 5_000 }, (_, at) => `line ${at * 7} of a log\n`).join(''),
    );
    const segment = {
      name: 'log-1',
      sizeBytes: bytes.length,
      open: async function* () {
        yield bytes;
      },
    };
    const id = { ...backup.id, nodeId: node };
    const saved = await store.save({ ...backup, id, snapshotFiles: [], segmentFiles: [segment] });
    await store.close();
    if (saved.isErr()) throw saved.error;
    found.push(...(await files('/chunks/')).filter((path) => !found.includes(path)));
  }
  expect(found).toHaveLength(2);
  return { plain: found[0] ?? '', zstd: found[1] ?? '' };
}

it.each(['plain', 'zstd'] as const)(
  'puts a %s chunk back from its twin, missing or changed',
  async (which) => {
    const twins = await saveTwins();
    const path = twins[which];
    const good = await readFile(path);
    for (const damage of ['missing', 'changed'] as const) {
      if (damage === 'missing') await rm(path);
      else
        await writeFile(
          path,
          Buffer.from(good.map((byte, at) => (at === good.length >> 1 ? byte ^ 1 : byte))),
        );
      const before = await files('/chunks/');
      const dry = await world.run(['repair', '--dry-run']);
      expect(dry.stdout).toMatch(/^would be rebuilt: backup 7 partition 1 node \d \S+\/chunks\//);
      expect(await files('/chunks/')).toEqual(before);
      const done = await world.run(['repair', '--json']);
      expect(done).toMatchObject({ code: 0, stderr: '' });
      expect(done.json()).toMatchObject({ chunks: 2n, steps: [{ kind: 'rebuilt' }] });
      expect(Buffer.compare(await readFile(path), good)).toBe(0);
    }
    expect((await world.run(['repair'])).stdout).toBe('2 chunks read; 0 findings\n');
  },
);

it('names what is lost, and touches nothing', async () => {
  const twins = await saveTwins();
  await Promise.all([rm(twins.plain), writeFile(twins.zstd, 'no frame')]);
  const before = await files('');
  const { code, stdout } = await world.run(['repair']);
  expect(code).toBe(14);
  expect(stdout.match(/^lost: backup 7 .* in no other object/gm)).toHaveLength(2);
  expect(await files('')).toEqual(before);
  expect(await readFile(twins.zstd, 'utf8')).toBe('no frame');
});

it('names a manifest that cannot be read as lost, and guesses nothing', async () => {
  await world.save(7n, [1], 1);
  const [manifest = ''] = await files('/completed.');
  await writeFile(manifest, 'no manifest');
  const { code, stdout } = await world.run(['repair']);
  expect(code).toBe(14);
  expect(stdout).toMatch(/^lost: backup 7 partition 1 node 0 \S+completed\.\S+: its manifest cannot be read/);
  expect(await files('/completed.')).toEqual([manifest]);
});

it('ends an attempt whose writer has been silent for long, and leaves a living one alone', async () => {
  await world.begin(7n, 1);
  expect((await world.run(['repair', '--json'])).json()).toMatchObject({ steps: [] });
  const then = new Date(Date.now() - 3 * 3_600_000);
  for (const path of [...(await files('/begun.')), ...(await files('/attempts/'))])
    await utimes(path, then, then);
  const done = await world.run(['repair', '--json']);
  expect(done.json()).toMatchObject({ steps: [{ kind: 'settled', checkpointId: 7n }] });
  expect(await files('/attempts/')).toEqual([]);
});

it('removes what a completed backup has left of its signs of life, and no more', async () => {
  await world.save(7n, [1], 1);
  const [manifest = ''] = await files('/completed.');
  const begun = manifest.replace('completed.', 'begun.');
  await writeFile(begun, '{}');
  expect((await world.run(['repair', '--json'])).json()).toMatchObject({ steps: [] });
  const then = new Date(Date.now() - 3 * 3_600_000);
  await utimes(begun, then, then);
  const { stdout } = await world.run(['repair']);
  expect(stdout).toMatch(/^removed: backup 7 partition 1 node 0 /);
  expect(await files('/begun.')).toEqual([]);
  expect((await world.run(['verify', '7'])).code).toBe(0);
});

it('names a hold that cannot be read, and lets it hold', async () => {
  await world.save(7n);
  await world.run(['hold', '7', '--reason', 'x']);
  const [hold = ''] = await files('/holds/');
  await writeFile(hold, 'nonsense');
  const { code, stdout } = await world.run(['repair']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^unreadable: backup 7 \S+holds\/\d+: the hold cannot be read/);
  expect(await files('/holds/')).toEqual([hold]);
});

it("says that Zeebe's layout has nothing to repair", async () => {
  const env = {
    ...world.env,
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'MEMORY',
    ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe',
  };
  expect((await world.run(['repair'], { env })).code).toBe(5);
});
