// An encrypted place: what the store gets to see, who can read it, and what happens without the right key.
import { createHash } from 'node:crypto';
import type { ResultAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { BackupError } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { DataKey } from '../../src/stores/tidemark/data-key.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { damage, keys } from './damage.ts';
import { CHUNK, nativePlace } from './native-place.ts';
import type { Fate } from './scripted-storage.ts';

const key = (id: string, fill = id.charCodeAt(0)) => ({
  id,
  secret: Buffer.alloc(32, fill).toString('base64'),
});
const [A, B] = [key('a'), key('b')];

const text = (words: string) => new TextEncoder().encode(words);
const ACCOUNT = 'account-of-rosalind-franklin';
const contents = {
  'state-of-rosalind.json': text(JSON.stringify({ [ACCOUNT]: 4200 })),
  'large-of-rosalind.sst': text(`${ACCOUNT};`.repeat(300)),
  'noise-of-rosalind.sst': sampleBytes(3 * CHUNK + 7, 3),
};
const files = {
  snapshotFiles: Object.entries(contents).map(([name, bytes]) => sampleFile(name, bytes)),
  segmentFiles: [sampleFile('log-of-rosalind', 2 * CHUNK, 5), sampleFile('empty', 0)],
};
const backup = (id = 1) => sampleBackup({ ...files, checkpointId: id });
const errorOf = async (result: ResultAsync<unknown, BackupError>) => (await result)._unsafeUnwrapErr();

async function objects(place: ReturnType<typeof nativePlace>): Promise<Map<string, Buffer>> {
  const all = new Map<string, Buffer>();
  for (const name of await keys(place.memory)) {
    all.set(name, Buffer.from((await place.memory.get(name))._unsafeUnwrap()));
  }
  return all;
}

describe.each(['none', 'auto'] as const)('an encrypted place, compression %s', (compression) => {
  const encrypted = { encryptionKeys: [A], compression };

  it('gives back what was saved, also to another node, and to reads of parts', async () => {
    const { node } = nativePlace();
    (await node(encrypted).store.save(backup()))._unsafeUnwrap();
    const opened = (await node(encrypted).store.open(backup().id))._unsafeUnwrap();
    await assertSameBackup(opened, backup());
    for (const file of [...opened.snapshotFiles, ...opened.segmentFiles]) {
      for (const part of file.parts?.() ?? []) {
        expect(part.offset).toBeUndefined();
        for await (const bytes of part.open()) expect(bytes.length).toBeGreaterThan(0);
      }
    }
  });

  it('shows no account, no name of a file and no digest of what is in it', async () => {
    const secrets = (all: ReadonlyMap<string, Buffer>) => {
      const whole = Object.values(contents);
      const chunks = whole.flatMap((bytes) =>
        Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, at) =>
          bytes.subarray(at * CHUNK, (at + 1) * CHUNK),
        ),
      );
      const digests = [...whole, ...chunks].map((bytes) => createHash('sha256').update(bytes).digest());
      const words = [ACCOUNT, 'rosalind', ...digests.map((digest) => digest.toString('hex'))];
      const sought = [...words.map((word) => Buffer.from(word)), ...digests];
      return [...all].filter(
        ([name, bytes]) =>
          words.some((word) => name.includes(word)) || sought.some((what) => bytes.includes(what)),
      );
    };
    const open = nativePlace();
    (await open.node({ compression }).store.save(backup()))._unsafeUnwrap();
    // The search itself can find something.
    expect(secrets(await objects(open)).length).toBeGreaterThan(3);

    const place = nativePlace();
    (await place.node(encrypted).store.save(backup()))._unsafeUnwrap();
    (await place.node(encrypted).store.save(backup(2)))._unsafeUnwrap();
    const all = await objects(place);
    expect(all.size).toBeGreaterThan(8);
    expect(secrets(all)).toEqual([]);
    const secret = Buffer.from(A.secret, 'base64');
    expect([...all.values()].filter((bytes) => bytes.includes(secret))).toEqual([]);
  });

  it('sends nothing twice, whichever node takes the next backup', async () => {
    const { node } = nativePlace();
    (await node(encrypted).store.save(backup()))._unsafeUnwrap();
    const other = node(encrypted);
    (await other.store.save(backup(2)))._unsafeUnwrap();
    expect(other.storage.count('put', '/chunks/')).toBe(0);
    await assertSameBackup((await other.store.open(backup(2).id))._unsafeUnwrap(), backup(2));
  });

  it('a flipped bit in any chunk is a damage that names it, and never a wrong byte', async () => {
    const place = nativePlace();
    (await place.node(encrypted).store.save(backup()))._unsafeUnwrap();
    const chunks = await keys(place.memory, 'partitions/1/chunks/');
    expect(chunks.length).toBeGreaterThan(5);
    for (const name of chunks) {
      const bytes = (await place.memory.get(name))._unsafeUnwrap();
      for (const at of [0, bytes.length >> 1, bytes.length - 17, bytes.length - 1]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        (await place.memory.put(name, changed))._unsafeUnwrap();
        const opened = (await place.node(encrypted).store.open(backup().id))._unsafeUnwrap();
        await expect(assertSameBackup(opened, backup())).rejects.toMatchObject({
          name: 'BackupCorrupt',
          object: expect.stringContaining(name),
          detail: expect.stringContaining('does not decrypt'),
        });
      }
      (await place.memory.put(name, bytes))._unsafeUnwrap();
    }
  });
});

describe('the keys', () => {
  it('without any of them: a list and a sweep work, reading and saving tell which is needed', async () => {
    const place = nativePlace();
    (await place.node({ encryptionKeys: [A] }).store.save(backup()))._unsafeUnwrap();
    const { store } = place.node();
    const page = (await store.list({ details: true }))._unsafeUnwrap();
    expect(page.backups).toMatchObject([{ statusCode: 'COMPLETED', descriptor: backup().descriptor }]);
    const swept = (await store.sweep())._unsafeUnwrap();
    expect(swept.partitions).toMatchObject([{ found: { backups: 1, garbage: { chunks: 0 } } }]);
    expect(swept.partitions[0]?.waitingFor).toBeUndefined();
    for (const without of [store, place.node({ encryptionKeys: [B] }).store]) {
      const error = await errorOf(without.open(backup().id));
      expect(error).toMatchObject({ name: 'EncryptionKeyMissing', keyIds: ['a'] });
      expect(error.message).toContain('add it to tidemark.encryption.keys');
      expect(await errorOf(without.save(backup(2)))).toMatchObject({ name: 'EncryptionKeyMissing' });
    }
    expect((await keys(place.memory, 'keys/')).length).toBe(1);
    expect([...(await objects(place)).values()].filter((bytes) => bytes.includes('rosalind'))).toEqual([]);
  });

  it('with another secret under the same id it is wrong, and nothing is written', async () => {
    const place = nativePlace();
    (await place.node({ encryptionKeys: [A] }).store.save(backup()))._unsafeUnwrap();
    const before = (await keys(place.memory)).length;
    const { store } = place.node({ encryptionKeys: [key('a', 9)] });
    for (const call of [store.open(backup().id), store.save(backup(2)), store.rotateKeys()]) {
      expect(await errorOf(call)).toMatchObject({ name: 'EncryptionKeyWrong', keyId: 'a' });
    }
    expect((await keys(place.memory)).length).toBe(before);
  });

  it('a wrapped key whose bytes were changed, cut or taken away has its error', async () => {
    const place = nativePlace();
    (await place.node({ encryptionKeys: [A] }).store.save(backup()))._unsafeUnwrap();
    const [name = ''] = await keys(place.memory, 'keys/');
    const bytes = Buffer.from((await place.memory.get(name))._unsafeUnwrap());
    const open = () => errorOf(place.node({ encryptionKeys: [A] }).store.open(backup().id));
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      (await place.memory.put(name, changed))._unsafeUnwrap();
      const opened = await place.node({ encryptionKeys: [A] }).store.open(backup().id);
      // Its digest may be what was changed: the tag proves the key all the same.
      if (opened.isErr()) expect(['EncryptionKeyDamaged', 'StoreFailure']).toContain(opened.error.name);
      else expect(at).toBeGreaterThanOrEqual(bytes.indexOf('sha256'));
      (await place.memory.put(name, bytes.subarray(0, at)))._unsafeUnwrap();
      expect(await open()).toMatchObject({
        name: 'EncryptionKeyDamaged',
        object: expect.stringContaining(name),
      });
    }
    (await place.memory.delete([name]))._unsafeUnwrap();
    expect(await open()).toMatchObject({ name: 'EncryptionKeyDamaged', detail: 'holds nothing any more' });
  });

  it('are changed without moving a chunk: the requests are counted', async () => {
    const place = nativePlace();
    (await place.node({ encryptionKeys: [A] }).store.save(backup()))._unsafeUnwrap();
    const before = await objects(place);
    const both = place.node({ encryptionKeys: [B, A] });
    const counts = { keyId: 'b', dataKeys: 1 };
    expect((await both.store.rotateKeys())._unsafeUnwrap()).toEqual({
      ...counts,
      wrapped: 1,
      removed: 0,
      left: 1,
    });
    const operations = both.storage.calls.map(({ operation }) => operation).join(' ');
    // The first get is of the identity.
    expect(operations).toBe('get list get put get');
    expect((await both.store.rotateKeys({ removeOthers: true }))._unsafeUnwrap()).toEqual({
      ...counts,
      wrapped: 0,
      removed: 1,
      left: 0,
    });
    const after = await objects(place);
    const names = (all: ReadonlyMap<string, Buffer>) => [...all.keys()].filter((n) => !n.startsWith('keys/'));
    expect(names(after)).toEqual(names(before));
    for (const name of names(after)) expect(after.get(name)).toEqual(before.get(name));
    const node = place.node({ encryptionKeys: [B] });
    await assertSameBackup((await node.store.open(backup().id))._unsafeUnwrap(), backup());
    (await node.store.save(backup(2)))._unsafeUnwrap();
    expect(node.storage.count('put', '/chunks/')).toBe(0);
    expect(await errorOf(place.node({ encryptionKeys: [A] }).store.open(backup().id))).toMatchObject({
      name: 'EncryptionKeyMissing',
      keyIds: ['b'],
    });
  });

  it('a rotation without keys tells which there are', async () => {
    const place = nativePlace();
    (await place.node({ encryptionKeys: [A] }).store.save(backup()))._unsafeUnwrap();
    expect(await errorOf(place.node().store.rotateKeys())).toMatchObject({ keyIds: ['a'] });
  });

  it('of two nodes that save first at the same time: both backups can be read, and later ones share a key', async () => {
    const place = nativePlace();
    const nodes = [place.node({ encryptionKeys: [A] }), place.node({ encryptionKeys: [A] })];
    const saved = await Promise.all(
      nodes.map(({ store }, at) => store.save(sampleBackup({ ...files, partitionId: at + 1 }))),
    );
    for (const result of saved) result._unsafeUnwrap();
    const { store } = place.node({ encryptionKeys: [A] });
    for (const partitionId of [1, 2]) {
      const one = sampleBackup({ ...files, partitionId });
      await assertSameBackup((await store.open(one.id))._unsafeUnwrap(), one);
    }
  });
});

describe('from plain to encrypted', () => {
  it('old backups are read, none of their chunks is used again, and then it is incremental', async () => {
    const place = nativePlace();
    (await place.node().store.save(backup()))._unsafeUnwrap();
    const node = place.node({ encryptionKeys: [A] });
    await assertSameBackup((await node.store.open(backup().id))._unsafeUnwrap(), backup());
    (await node.store.save(backup(2)))._unsafeUnwrap();
    expect(node.storage.count('put', '/chunks/')).toBeGreaterThan(5);
    node.storage.calls.length = 0;
    (await node.store.save(backup(3)))._unsafeUnwrap();
    expect(node.storage.count('put', '/chunks/')).toBe(0);
    (await node.store.delete(backup(1).id))._unsafeUnwrap();
    await place.clock.advance(3 * 3_600_000);
    const swept = (await place.node().store.sweep())._unsafeUnwrap();
    expect(swept.partitions[0]?.freed.chunks).toBeGreaterThan(5);
    await assertSameBackup((await node.store.open(backup(3).id))._unsafeUnwrap(), backup(3));
  });
});

describe('a manifest', () => {
  it('with any byte changed is no backup, though the digest of its lines fits', async () => {
    const place = nativePlace();
    const settings = { encryptionKeys: [A] };
    (await place.node(settings).store.save(backup()))._unsafeUnwrap();
    const name = (await keys(place.memory, 'backups/')).find((one) => one.includes('completed')) ?? '';
    const bytes = Buffer.from((await place.memory.get(name))._unsafeUnwrap());
    const end = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    const node = place.node(settings);
    for (let at = 0; at < end; at += 7) {
      const lines = Buffer.from(bytes.subarray(0, end));
      lines[at] = (lines[at] ?? 0) ^ 1;
      const digest = createHash('sha256').update(lines).digest('hex');
      const changed = Buffer.concat([lines, Buffer.from(`{"sha256":"${digest}"}\n`)]);
      (await place.memory.put(name, changed))._unsafeUnwrap();
      const error = await errorOf(node.store.open(backup().id));
      expect(['BackupCorrupt', 'StoreFailure', 'EncryptionKeyDamaged']).toContain(error.name);
    }
  });

  it('takes no lines of another one, nor in another order', async () => {
    const place = nativePlace();
    const settings = { encryptionKeys: [A] };
    (await place.node(settings).store.save(backup()))._unsafeUnwrap();
    (await place.node(settings).store.save(backup(2)))._unsafeUnwrap();
    const [two = '', one = ''] = (await keys(place.memory, 'backups/')).filter((n) =>
      n.includes('completed'),
    );
    const linesOf = async (name: string) =>
      Buffer.from((await place.memory.get(name))._unsafeUnwrap())
        .toString()
        .split('\n')
        .slice(0, -2);
    const put = async (lines: readonly string[]) => {
      const body = lines.map((line) => `${line}\n`).join('');
      const digest = createHash('sha256').update(body).digest('hex');
      (await place.memory.put(one, text(`${body}{"sha256":"${digest}"}\n`)))._unsafeUnwrap();
    };
    const [head = '', ...others] = await linesOf(one);
    const open = () => place.node(settings).store.open({ ...backup().id, checkpointId: checkpointId(1) });
    await put([head, ...others]);
    (await open())._unsafeUnwrap();
    for (const lines of [(await linesOf(two)).slice(1), others.toReversed(), others.slice(0, -1)]) {
      await put([head, ...lines]);
      expect((await errorOf(open())).name).toBe('BackupCorrupt');
    }
  });
});

it('chunks of all sizes, sealed at once and on the other thread', async () => {
  const sizes = [
    1,
    1023,
    64 * 1024 - 17,
    64 * 1024 - 16,
    64 * 1024 - 15,
    64 * 1024,
    1024 * 1024,
    1024 * 1024 + 1,
  ];
  const settings = { encryptionKeys: [A], chunkSizeBytes: 1024 * 1024 };
  const place = nativePlace();
  const large = sampleBackup({
    snapshotFiles: [],
    segmentFiles: sizes.map((size, at) => sampleFile(`log-${at}`, size, at)),
  });
  (await place.node(settings).store.save(large))._unsafeUnwrap();
  await assertSameBackup((await place.node(settings).store.open(large.id))._unsafeUnwrap(), large);
  const key = new DataKey('k', new Uint8Array(32));
  for (const size of [1, 64 * 1024 - 16, 64 * 1024 - 15, 200_000]) {
    const memory = new Uint8Array(new SharedArrayBuffer(size + 16));
    const plain = sampleBytes(size, size);
    memory.set(plain);
    const digest = await key.sealChunk('name', memory);
    expect(Buffer.from(digest)).toEqual(createHash('sha256').update(memory).digest());
    memory[size - 1] = (memory[size - 1] ?? 0) ^ 1;
    expect(await key.unsealChunk('name', memory)).toBe(false);
    memory[size - 1] = (memory[size - 1] ?? 0) ^ 1;
    expect(await key.unsealChunk('other name', memory)).toBe(false);
    expect(await key.unsealChunk('name', memory)).toBe(true);
    expect(Buffer.compare(memory.subarray(0, size), plain)).toBe(0);
  }
});

it('equal bytes have equal names within a partition alone, and another one with a salt', () => {
  const one = new DataKey('k', new Uint8Array(32));
  const digest = 'f'.repeat(64);
  const names = [one.chunkName(1, digest), one.chunkName(2, digest), one.chunkName(1, digest, '1-2-3')];
  names.push(new DataKey('k', new Uint8Array(32).fill(1)).chunkName(1, digest));
  expect(new Set(names).size).toBe(4);
  expect(one.chunkName(1, digest)).toBe(names[0]);
});

it('a damaged object of each kind is found', async () => {
  for (const kind of ['content changed', 'content cut', 'content missing', 'manifest changed'] as const) {
    const place = nativePlace();
    const { store } = place.node({ encryptionKeys: [A] });
    (await store.save(backup()))._unsafeUnwrap();
    const name = await damage(place.memory, kind);
    const opened = await store.open(backup().id);
    if (opened.isErr()) expect(opened.error).toMatchObject({ name: 'BackupCorrupt' });
    else {
      await expect(assertSameBackup(opened.value, backup())).rejects.toMatchObject({
        object: expect.stringContaining(name),
      });
    }
  }
});

const FATES: readonly Fate[] = ['refused', 'lost'];

it.each(FATES)(
  'whatever call of the first save is %s: it can be read or is no backup, and the next one is',
  async (fate) => {
    const settings = { encryptionKeys: [A] };
    const counting = nativePlace().node(settings);
    (await counting.store.save(backup()))._unsafeUnwrap();
    expect(counting.storage.calls.length).toBeGreaterThan(15);
    for (let index = 0; index < counting.storage.calls.length; index += 1) {
      const place = nativePlace();
      const node = place.node(settings);
      node.storage.script = (call) => (call.index === index ? fate : 'done');
      const saved = await node.store.save(backup());
      const opened = await place.node(settings).store.open(backup().id);
      if (saved.isOk() || opened.isOk()) await assertSameBackup(opened._unsafeUnwrap(), backup());
      (await place.node(settings).store.save(backup(2)))._unsafeUnwrap();
      await assertSameBackup(
        (await place.node(settings).store.open(backup(2).id))._unsafeUnwrap(),
        backup(2),
      );
      const wraps = await keys(place.memory, 'keys/');
      expect(wraps).toHaveLength(1);
    }
  },
);
