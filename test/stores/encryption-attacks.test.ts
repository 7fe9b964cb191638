// An encrypted place against whoever may write to its bucket, and against its own accidents: nothing that is moved, exchanged or
// brought back is taken for what it is not, and no key ever encrypts two texts.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { EncryptionKey, LayoutSettings } from '../../src/stores/backup-store-settings.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { CHUNK, nativePlace } from './native-place.ts';

const KEY: EncryptionKey = { id: 'a', secret: Buffer.alloc(32, 7).toString('base64') };
const ENCRYPTED: LayoutSettings = { encryptionKeys: [KEY] };
type Place = ReturnType<typeof nativePlace>;

const words = Buffer.from('the same words again and again, '.repeat(64));
const backup = (checkpointId: number, partitionId = 1, seed = checkpointId) =>
  sampleBackup({
    checkpointId,
    partitionId,
    snapshotFiles: [sampleFile('words', words), sampleFile('noise', sampleBytes(2 * CHUNK, 5))],
    segmentFiles: [sampleFile('log', sampleBytes(2 * CHUNK + 100, seed))],
  });

const get = async ({ memory }: Place, name: string) => Buffer.from((await memory.get(name))._unsafeUnwrap());
const put = async ({ memory }: Place, name: string, bytes: Uint8Array) =>
  (await memory.put(name, bytes))._unsafeUnwrap();
const manifests = async ({ memory }: Place) =>
  (await keys(memory, 'backups/')).filter((name) => name.includes('/completed.'));

/** Ends as whole or with an error; throws on a wrong byte. */
async function read(place: Place, what = backup(1)): Promise<string> {
  const opened = await place.node(ENCRYPTED).store.open(what.id);
  if (opened.isErr()) return opened.error.name;
  return assertSameBackup(opened.value, what).then(
    () => 'whole',
    (cause: Error) => cause.name,
  );
}

it('no chunk can stand for another one: of the backup, of another one, of another partition or cluster', async () => {
  const place = nativePlace();
  const { store } = place.node(ENCRYPTED);
  (await store.save(backup(1)))._unsafeUnwrap();
  (await store.save(backup(1, 2)))._unsafeUnwrap();
  const other = nativePlace();
  (await other.node({ ...ENCRYPTED, clusterId: 'b' }).store.save(backup(1)))._unsafeUnwrap();
  const own = await keys(place.memory, 'partitions/1/chunks/');
  const bodies = [
    ...(await Promise.all((await keys(place.memory, 'partitions/')).map((name) => get(place, name)))),
    ...(await Promise.all((await keys(other.memory, 'partitions/')).map((name) => get(other, name)))),
  ];
  expect(bodies.length).toBeGreaterThan(3 * own.length - 1);
  for (const name of own) {
    const whole = await get(place, name);
    for (const body of bodies) {
      if (body.equals(whole)) continue;
      await put(place, name, body);
      expect(await read(place)).toBe('BackupCorrupt');
    }
    await put(place, name, whole);
  }
  expect(await read(place)).toBe('whole');
});

it('no manifest can stand for another one: of another backup, partition, attempt or cluster', async () => {
  const place = nativePlace();
  const { store } = place.node(ENCRYPTED);
  for (const one of [backup(1), backup(2), backup(1, 2)]) (await store.save(one))._unsafeUnwrap();
  const other = nativePlace();
  (await other.node({ ...ENCRYPTED, clusterId: 'b' }).store.save(backup(1)))._unsafeUnwrap();
  const all = await manifests(place);
  const [foreign = ''] = await manifests(other);
  for (const name of all) {
    const whole = await get(place, name);
    for (const body of [
      ...(await Promise.all(all.filter((each) => each !== name).map((each) => get(place, each)))),
      await get(other, foreign),
    ]) {
      // As it is, and with the head that this one should have over the lines of that one.
      const [head = ''] = whole.toString().split('\n');
      const lines = [head, ...body.toString().split('\n').slice(1, -2), ''].join('\n');
      const digest = createHash('sha256').update(lines).digest('hex');
      for (const forged of [body, Buffer.from(`${lines}{"sha256":"${digest}"}\n`)]) {
        await put(place, name, forged);
        const read1 = [
          await read(place, backup(1)),
          await read(place, backup(2)),
          await read(place, backup(1, 2)),
        ];
        expect(read1.filter((said) => said !== 'whole')).toHaveLength(1);
        expect(read1.find((said) => said !== 'whole')).toMatch(/^(BackupCorrupt|EncryptionKeyDamaged)$/);
      }
    }
    await put(place, name, whole);
  }
});

it('a wrapped key of another place, or of another data key, opens nothing', async () => {
  const [place, other] = [nativePlace(), nativePlace()];
  for (const each of [place, other]) (await each.node(ENCRYPTED).store.save(backup(1)))._unsafeUnwrap();
  const [own = ''] = await keys(place.memory, 'keys/');
  const [theirs = ''] = await keys(other.memory, 'keys/');
  await put(place, own, await get(other, theirs));
  expect(await read(place)).toBe('EncryptionKeyWrong');
});

it('equal bytes have other names and other bytes in another partition, place or cluster', async () => {
  const [place, other] = [nativePlace(), nativePlace()];
  for (const each of [place, other]) {
    for (const partitionId of [1, 2]) {
      (await each.node(ENCRYPTED).store.save(backup(1, partitionId, 3)))._unsafeUnwrap();
    }
  }
  const found: string[] = [];
  const bodies: string[] = [];
  for (const each of [place, other]) {
    for (const name of await keys(each.memory, 'partitions/')) {
      found.push(name.slice(name.lastIndexOf('/')));
      bodies.push((await get(each, name)).toString('latin1'));
    }
  }
  expect(found.length).toBeGreaterThan(15);
  expect(new Set(found).size).toBe(found.length);
  expect(new Set(bodies).size).toBe(bodies.length);
});

it('no name ever gets two texts: over two nodes, dead writers, lost answers, sweeps that hang and both codecs', async () => {
  const place = nativePlace();
  const written = new Map<string, Set<string>>();
  const heads = new Map<string, string>();
  let puts = 0;
  const { memory, clock } = place;
  const sent = memory.put.bind(memory);
  memory.put = (name, body, options) => {
    const text = Buffer.from(body).toString('latin1');
    if (name.includes('/chunks/')) {
      puts += 1;
      written.set(name, (written.get(name) ?? new Set()).add(text));
    }
    if (name.includes('/completed.')) {
      const head = text.slice(0, text.indexOf('\n'));
      // A head is the key of its lines: it may come again only with all of them.
      expect(heads.get(head) ?? text).toBe(text);
      heads.set(head, text);
    }
    return sent(name, body, options);
  };
  const save = async (
    what: ReturnType<typeof backup>,
    settings: LayoutSettings,
    isLost: (i: number) => boolean,
  ) => {
    const node = place.node({ ...ENCRYPTED, ...settings });
    node.storage.script = ({ index }) => (isLost(index) ? 'lost' : 'done');
    let isOver = false;
    const saving = Promise.resolve(node.store.save(what)).finally(() => {
      isOver = true;
    });
    // A sweep that hangs is waited for on the clock.
    while (!isOver) {
      for (let turn = 0; turn < 20 && !isOver; turn += 1) await new Promise((r) => setImmediate(r));
      if (!isOver) await clock.advance(1_000);
    }
    await saving;
  };
  for (let id = 1; id <= 24; id += 1) {
    const compression = id % 2 === 0 ? 'auto' : 'none';
    if (id % 6 === 0) await sent(`partitions/1/sweeps/${clock.now()}-00000000`, Buffer.from('{"format":1}'));
    // The same content again and again, with other faults, by two nodes at once.
    await Promise.all([
      save(backup(id, 1, id % 3), { compression }, (index) => index === id),
      save(backup(id, 2, id % 3), { compression }, (index) => index > id + 6),
    ]);
  }
  expect(puts).toBeGreaterThan(written.size);
  expect(written.size).toBeGreaterThan(20);
  expect(heads.size).toBeGreaterThan(10);
  for (const [name, texts] of written) expect(texts.size, name).toBe(1);
});
