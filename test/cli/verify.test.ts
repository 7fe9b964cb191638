import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAllFiles } from '../../src/cli/verify/read-all-files.ts';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { verifyPartition } from '../../src/zeebe/verify-partition.ts';
import { keys } from '../stores/damage.ts';
import { segmentFiles } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld } from './cli-world.ts';
import { makeZeebeBucket, zeebeBackup } from './zeebe-world.ts';

const HOW = ['changed', 'cut', 'missing'] as const;
type How = (typeof HOW)[number];

function damaged(bytes: Uint8Array, how: How, at = Math.floor(bytes.length / 2)): Uint8Array | undefined {
  if (how === 'missing') return undefined;
  const copy = Uint8Array.from(bytes);
  if (how === 'cut') return copy.subarray(0, at);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** What a restore of Zeebe's files makes good by itself. */
function isHarmless(key: string, bytes: Uint8Array, how: How, at: number): boolean {
  // A segment is filled up with zeros to its full size again.
  if (key.endsWith('.log') && how === 'cut') return bytes.subarray(at).every((byte) => byte === 0);
  if (!key.endsWith('.checksum') || how === 'missing') return false;
  // A comment, or the end of the last line.
  const line =
    new TextDecoder()
      .decode(bytes.subarray(0, at + 1))
      .split('\n')
      .at(-1) ?? '';
  return at === bytes.length - 1 || (how === 'changed' && line.startsWith(';') && line.length > 1);
}

describe('a native backup', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await makeWorld();
    await world.save(7n);
  });
  afterEach(() => world.remove());

  it('that is whole can be restored', async () => {
    const { code, stdout } = await world.run(['verify', '7']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^backup 7: can be restored\n\nPARTITION +STATE +NODE +FILES +SIZE +POSITION/);
    expect(stdout).toMatch(/\n2 +COMPLETED +0 +2 +415 B +9007199254740993 +snapshot-2 +1\.2\.3 +0 +0\n$/);
  });

  it.each(HOW)('with any object %s is found out', async (how) => {
    const objects = await readdir(world.storeDirectory, { recursive: true, withFileTypes: true });
    const files = objects
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    // Without the words in progress and the list of what an attempt sent, a backup is no less complete.
    const harmless = files.filter((file) => /\/begun\.|\/attempts\//.test(file));
    for (const file of files) {
      const bytes = await readFile(file);
      const changed = damaged(bytes, how);
      if (changed === undefined) await rm(file);
      else await writeFile(file, changed);
      const outcome = await world.run(['verify', '7', '--json']);
      if (bytes.length === 0 && how !== 'missing') {
        // There is no byte to change.
      } else if (harmless.includes(file)) {
        expect(outcome.code, file).toBe(0);
      } else {
        expect([12, 14], `${file} ${outcome.stdout}`).toContain(outcome.code);
        expect(outcome.json()).toMatchObject({ restorable: false });
      }
      await writeFile(file, bytes);
    }
    expect(files.length - harmless.length).toBeGreaterThanOrEqual(4);
  });

  it('names the object, the offset and what a restore would do', async () => {
    const chunks = await readdir(join(world.storeDirectory, 'partitions/1/chunks'), { recursive: true });
    const chunk = chunks.find((name) => name.includes('/')) ?? '';
    await rm(join(world.storeDirectory, 'partitions/1/chunks', chunk));
    const { code, stdout, stderr } = await world.run(['verify', '7']);
    expect(code).toBe(14);
    expect(stdout).toContain('backup 7: cannot be restored');
    expect(stdout).toMatch(
      /error: partition=1 node=0 object=file:\/\/\/.*chunks\/.* offset=0 file=state\n {2}is missing; with it 1 more file: log-1\n/,
    );
    expect(stdout).toContain('  a restore: it refuses the backup and installs nothing');
    expect(stderr).toMatch(/tidemark: the backup is damaged: .* partition=1 offset=0 file=state is missing/);
  });

  it.each(['verify 7', 'copy 7 --from here.yaml --to there.yaml'])('%s can be called off', async (line) => {
    const there = join(world.directory, 'there');
    await mkdir(there);
    for (const [name, path] of Object.entries({ here: world.storeDirectory, there })) {
      const text = `zeebe.broker.data.backup: { store: FILESYSTEM, filesystem.basePath: "${path}" }`;
      await writeFile(join(world.directory, `${name}.yaml`), text);
    }
    const stop = new AbortController();
    const onStderr = (text: string) => /reading|copying/.test(text) && stop.abort('SIGTERM');
    const outcome = await world.run(line.split(' '), { signal: stop.signal, onStderr });
    expect(outcome.code).toBe(143);
    expect(outcome.stderr).toContain('tidemark: called off');
  });

  it('that is not complete cannot be restored', async () => {
    await world.save(8n, [1]);
    const outcome = await world.run(['verify', '8', '--json']);
    expect(outcome.code).toBe(12);
    expect(outcome.json()).toMatchObject({
      backupId: 8n,
      restorable: false,
      copies: [
        { partitionId: 1n, state: 'COMPLETED', findings: [] },
        { partitionId: 2n, state: 'DOES_NOT_EXIST' },
      ],
      error: { name: 'BackupIncomplete', exitCode: 12n },
    });
    expect((await world.run(['verify', '9'])).code).toBe(11);
  });
});

describe("a backup in Zeebe's layout", () => {
  async function stored() {
    const storage = new MemoryObjectStorage({ clock: systemClock });
    const store = new ZeebeBackupStore({ storage });
    for (const partitionId of [1, 2]) (await store.save(zeebeBackup(partitionId)))._unsafeUnwrap();
    return { storage, store };
  }

  const options = { checkpointId: checkpointId(7), partitionsCount: 2, signal: new AbortController().signal };
  const verify = (store: ZeebeBackupStore) =>
    verifyBackup(
      store,
      (backup, given) => verifyPartition(backup, given).map(({ findings }) => findings),
      options,
    );

  it('is verified by its own checksums', async () => {
    const { store } = await stored();
    const { restorable, copies } = (await verify(store))._unsafeUnwrap();
    expect(restorable).toBe(true);
    expect(copies.map(({ findings }) => findings)).toEqual([[], []]);
  });

  it.each(HOW)('with any object %s is found out', async (how) => {
    const { storage, store } = await stored();
    for (const key of await keys(storage)) {
      const bytes = (await storage.get(key))._unsafeUnwrap();
      for (const at of new Set([0, Math.floor(bytes.length / 2), bytes.length - 1])) {
        const changed = damaged(bytes, how, at);
        if (changed === undefined) (await storage.delete([key]))._unsafeUnwrap();
        else (await storage.put(key, changed))._unsafeUnwrap();
        const { restorable, copies } = (await verify(store))._unsafeUnwrap();
        const found = copies.flatMap(({ findings }) => findings).length > 0 || !restorable;
        expect(found || isHarmless(key, bytes, how, at), `${key} ${how} at ${at}`).toBe(true);
        (await storage.put(key, bytes))._unsafeUnwrap();
      }
    }
  });

  it('with any byte of its manifest changed is found out, but for times and the version', async () => {
    const { storage, store } = await stored();
    const key = '1/7/0/manifest.json';
    const bytes = (await storage.get(key))._unsafeUnwrap();
    const text = new TextDecoder().decode(bytes);
    const harmless: string[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      (await storage.put(key, damaged(bytes, 'changed', at) ?? bytes))._unsafeUnwrap();
      const { restorable, copies } = (await verify(store))._unsafeUnwrap();
      if (!restorable || copies.some(({ findings }) => findings.length > 0)) continue;
      const [field] = text.slice(0, at).match(/"\w+":"?[^":{}]*$/) ?? [
        text.slice(Math.max(0, at - 20), at + 1),
      ];
      harmless.push(field.replace(/":.*/, '"'));
    }
    expect([...new Set(harmless)].sort()).toEqual(['"brokerVersion"', '"createdAt"', '"modifiedAt"']);
  });

  it('that tells of more partitions than there can be is found out, and at once', async () => {
    const { storage, store } = await stored();
    const key = '1/7/0/manifest.json';
    const text = new TextDecoder().decode((await storage.get(key))._unsafeUnwrap());
    const absurd = text.replace('"numberOfPartitions":2', '"numberOfPartitions":2147483647');
    (await storage.put(key, new TextEncoder().encode(absurd)))._unsafeUnwrap();
    const { restorable, copies } = (await verify(store))._unsafeUnwrap();
    expect(restorable).toBe(false);
    expect(copies).toHaveLength(2);
    expect(copies[0]?.findings[0]?.what).toContain('1 to 8191');
  });

  it('without its first segment is found out, although nothing that it names is missing', async () => {
    const storage = new MemoryObjectStorage({ clock: systemClock });
    const store = new ZeebeBackupStore({ storage });
    const first = 'raft-partition-partition-1-8.log';
    const without = segmentFiles(1).filter(({ name }) => name !== first);
    const backup = zeebeBackup(1);
    const descriptor = { ...backup.descriptor, snapshotId: null };
    const saved = { ...backup, descriptor, snapshotFiles: [], segmentFiles: without };
    for (const one of [saved, zeebeBackup(2)]) (await store.save(one))._unsafeUnwrap();
    const { restorable, copies } = (await verify(store))._unsafeUnwrap();
    expect(restorable).toBe(false);
    expect(copies[0]?.findings[0]?.what).toMatch(/a first segment is missing: the log begins at index 5/);
    // What reads the bytes alone does not see it.
    const bytes = await verifyBackup(store, readAllFiles, options);
    expect(bytes._unsafeUnwrap().restorable).toBe(true);
  });

  it('is verified from a bucket, and its damage told', async () => {
    const world = await makeWorld();
    const bucket = await makeZeebeBucket();
    try {
      await bucket.save();
      const env = bucket.env(world.dataDirectory);
      expect((await world.run(['verify', '7'], { env })).code).toBe(0);
      const key = '2/7/0/segments/raft-partition-partition-2-8.log';
      await bucket.put(key, damaged(await bucket.get(key), 'changed', 200) ?? new Uint8Array());
      const outcome = await world.run(['verify', '7', '--json'], { env });
      expect(outcome.code).toBe(14);
      expect(outcome.json()).toMatchObject({
        restorable: false,
        copies: [
          { findings: [] },
          { findings: [{ severity: 'error', object: `s3://backups/${key}`, file: key.slice(15) }] },
        ],
        error: { name: 'BackupCorrupt' },
      });
    } finally {
      await bucket.close();
      await world.remove();
    }
  });
});
