// What was encrypted once stays readable: by the store, and by hand with nothing but the page on the format and
// node:crypto.
import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { assertSameBackup, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from './native-place.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/format-1-encrypted/', import.meta.url));
const SECRET = Buffer.alloc(32, 0x2a);
const KEYS = [{ id: 'fixture', secret: SECRET.toString('base64') }];

const text = (content: string) => new TextEncoder().encode(content);
const backup = sampleBackup({
  checkpointId: 7,
  snapshotFiles: [
    sampleFile('CURRENT', text('MANIFEST-000004\n')),
    sampleFile('LOCK', 0),
    sampleFile('noise.sst', 1500, 9),
  ],
  segmentFiles: [
    sampleFile('log-1.segment', text(Array.from({ length: 200 }, (_, i) => `record ${i}\n`).join(''))),
  ],
});

const objects = new Map(
  readdirSync(FIXTURE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(FIXTURE, path).replaceAll(sep, '/'), readFileSync(path)] as const),
);

it('the store reads it, and sends nothing of it again', async () => {
  const { memory, node } = nativePlace();
  for (const [key, bytes] of objects) (await memory.put(key, bytes))._unsafeUnwrap();
  const { store, storage } = node({ clusterId: 'a-cluster', compression: 'auto', encryptionKeys: KEYS });
  await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  const next = sampleBackup({ ...backup, checkpointId: 8 });
  (await store.save({ ...backup, id: next.id }))._unsafeUnwrap();
  expect(storage.count('put', '/chunks/')).toBe(0);
});

it('can be read by hand', () => {
  const hmac = (key: Buffer, what: string | Buffer) => createHmac('sha256', key).update(what).digest();
  const hkdf = (key: Buffer, purpose: string) =>
    Buffer.from(hkdfSync('sha256', key, '', `tidemark 1 ${purpose}`, 32));
  const open = (key: Buffer, nonce: Buffer, sealed: Buffer, bound = '') => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce);
    decipher.setAAD(Buffer.from(bound)).setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  };
  const nonceOf = (number: number) => Buffer.from(number.toString(16).padStart(24, '0'), 'hex');
  const [manifestKey = ''] = [...objects.keys()].filter((key) => key.includes('/completed.'));
  const [first = '', ...others] = (objects.get(manifestKey)?.toString() ?? '').split('\n').slice(0, -2);
  const head = JSON.parse(first);

  const wrappedKey = `keys/${head.encryption.keyId}/fixture`;
  const { nonce, wrapped } = JSON.parse(objects.get(wrappedKey)?.toString() ?? '');
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  const dataKey = open(hkdf(SECRET, 'wrap'), bytes(nonce), bytes(wrapped), wrappedKey);

  const lineKey = hmac(hkdf(dataKey, 'manifests'), first);
  const lines = others.map((line, number) => {
    const { sealed, name } = JSON.parse(line);
    const opened = JSON.parse(open(lineKey, nonceOf(number), Buffer.from(sealed, 'base64')).toString());
    expect(opened.pieces === undefined ? opened.name : undefined).toBe(name);
    return opened;
  });
  const [chunks, files] = [lines.slice(0, head.chunks), lines.slice(head.chunks)];
  const raws = chunks.map(({ name, sha256, size, stored, codec }) => {
    const object = objects.get(`partitions/1/chunks/${name.slice(0, 2)}/${name}`) ?? Buffer.alloc(0);
    expect(object.length).toBe(stored);
    const plain = open(hmac(hkdf(dataKey, 'chunks'), name), nonceOf(0), object);
    const digest = (what: Buffer) => createHash('sha256').update(what).digest('hex');
    expect(hmac(hkdf(dataKey, 'chunk names'), `1  ${digest(plain)}`).toString('hex')).toBe(name);
    const raw = codec === 'zstd' ? zstdDecompressSync(plain) : plain;
    expect([raw.length, digest(raw)]).toEqual([size, sha256]);
    return raw;
  });
  expect(new Set(chunks.map(({ codec }) => codec))).toEqual(new Set(['none', 'zstd']));
  const contents = files.map(({ name, pieces }) => [
    name,
    Buffer.concat(
      pieces.map(([at, offset, length]: number[]) =>
        raws[at ?? 0]?.subarray(offset, (offset ?? 0) + (length ?? 0)),
      ),
    ).toString('latin1'),
  ]);
  expect(contents.map(([name]) => name)).toEqual(['CURRENT', 'LOCK', 'noise.sst', 'log-1.segment']);
  expect(contents[0]?.[1]).toBe('MANIFEST-000004\n');
  expect(contents[3]?.[1]).toMatch(/^record 0\n[\s\S]*record 199\n$/);
});
