// What every ObjectStorage must do, as cases to run against yours: one case per promise of the port.
// Writes only under the prefix it is given, and holds no opinion about speed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Result, ResultAsync } from 'neverthrow';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { ContractCase } from './contract.ts';

/** A storage to check. Each case needs a prefix that holds nothing yet. */
export interface ObjectStorageContext {
  readonly storage: ObjectStorage;
  /** All keys of the case lie under it: empty, or ending in `/`. */
  readonly prefix: string;
  /** The storage can tell whether an object is there already when it writes. */
  readonly createOnly: boolean;
  /** The storage orders only keys of small letters, digits, `-`, `.` and `/` as promised: no layout needs more. */
  readonly plainKeysOnly?: boolean;
  /** A storage of the same kind whose other end does not answer. Absent where there is no other end. */
  readonly unreachable?: ObjectStorage;
}

/** The promises of {@link ObjectStorage}, in their order. */
export const objectStorageContract: readonly ContractCase<ObjectStorageContext>[] = [
  {
    name: 'When `put` succeeds the object is durable and whole; readers never see a part of it.',
    async run({ storage, prefix }) {
      const key = `${prefix}whole`;
      const versions = [1, 2, 3, 4, 5, 6].map((fill) => new Uint8Array(300_000 + fill).fill(fill));
      unwrap(await storage.put(key, versions[0] ?? new Uint8Array()));
      const writing = versions.map((version) => storage.put(key, version));
      const reading = versions.map(() => storage.get(key));
      for (const read of await Promise.all(reading)) {
        const seen = unwrap(read);
        const version = versions[(seen[0] ?? 0) - 1];
        assert.ok(
          version !== undefined && Buffer.compare(seen, version) === 0,
          'a reader saw a mixed object',
        );
      }
      for (const written of await Promise.all(writing)) unwrap(written);
    },
  },
  {
    name: '`get`, `head` and `list` see a put or a delete as soon as it has succeeded.',
    async run({ storage, prefix }) {
      const key = `${prefix}dir/seen`;
      for (const round of [1, 2, 3]) {
        unwrap(await storage.put(key, text(`round ${round}`)));
        assert.deepEqual(bytesOf(await storage.get(key)), text(`round ${round}`));
        const info = unwrap(await storage.head(key));
        assert.equal(info.key, key);
        assert.equal(info.sizeBytes, 7);
        const page = unwrap(await storage.list(prefix));
        assert.equal(page.objects.length, 1);
        const [listed = info] = page.objects;
        assert.deepEqual({ ...listed, lastModified: 0 }, { ...info, lastModified: 0 });
        // Some servers tell whole seconds in one answer and milliseconds in the other.
        assert.ok(Math.abs(listed.lastModified - info.lastModified) <= 1_000);
        assertRecent(info.lastModified, page.now);
        unwrap(await storage.delete([key]));
        await expectError(storage.get(key), 'ObjectNotFound');
        await expectError(storage.head(key), 'ObjectNotFound');
        assert.deepEqual(unwrap(await storage.list(prefix)).objects, []);
      }
    },
  },
  {
    name: '`put` replaces an existing object, unless `ifAbsent` is asked for.',
    async run({ storage, prefix, createOnly }) {
      const key = `${prefix}replaced`;
      unwrap(await storage.put(key, text('first, and longer')));
      unwrap(await storage.put(key, text('second')));
      assert.deepEqual(bytesOf(await storage.get(key)), text('second'));
      if (!createOnly) return;
      await expectError(storage.put(key, text('third'), { ifAbsent: true }), 'ObjectAlreadyExists');
      assert.deepEqual(bytesOf(await storage.get(key)), text('second'));
    },
  },
  {
    name: 'With `ifAbsent`, `put` fails with ObjectAlreadyExists when the object is there, where the storage can tell.',
    async run({ storage, prefix, createOnly }) {
      const key = `${prefix}dir/created`;
      const bodies = Array.from({ length: 12 }, (_, writer) => text(`writer ${writer}`));
      const results = await Promise.all(bodies.map((body) => storage.put(key, body, { ifAbsent: true })));
      const stored = bytesOf(await storage.get(key));
      if (!createOnly) {
        assert.ok(bodies.some((body) => Buffer.compare(body, stored) === 0));
        return;
      }
      const winners = bodies.filter((_, writer) => results[writer]?.isOk());
      assert.equal(winners.length, 1, `${winners.length} of 12 writers created the same object`);
      assert.deepEqual(stored, winners[0]);
      for (const result of results) if (result.isErr()) assertNamed(result.error, 'ObjectAlreadyExists');
    },
  },
  {
    name: '`get` gives exactly the bytes that were put, or the asked range of them, and keeps no hold on either.',
    async run({ storage, prefix }) {
      const body = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
      const sha256 = createHash('sha256').update(body).digest();
      const key = `${prefix}bytes`;
      const given = body.slice();
      unwrap(await storage.put(key, given, { sha256 }));
      given.fill(0);
      const got = unwrap(await storage.get(key));
      assert.deepEqual(Uint8Array.from(got), body);
      got.fill(0);
      assert.deepEqual(bytesOf(await storage.get(key)), body);
      for (const [start, length] of [
        [0, 1],
        [1, 4_096],
        [69_999, 1],
        [69_990, 100],
        [0, 70_000],
        [70_000, 10],
        [90_000, 10],
        [17, 0],
      ] as const) {
        const part = bytesOf(await storage.get(key, { range: { start, length } }));
        assert.deepEqual(part, body.slice(start, start + length), `range ${start}+${length}`);
      }
      unwrap(await storage.put(`${prefix}empty`, new Uint8Array()));
      assert.equal(unwrap(await storage.get(`${prefix}empty`)).byteLength, 0);
      const none = await storage.get(`${prefix}empty`, { range: { start: 0, length: 5 } });
      assert.equal(unwrap(none).byteLength, 0);
    },
  },
  {
    name: '`get` and `head` of a missing object fail with ObjectNotFound.',
    async run({ storage, prefix }) {
      unwrap(await storage.put(`${prefix}dir/there`, text('x')));
      for (const missing of [
        `${prefix}missing`,
        `${prefix}dir/missing`,
        `${prefix}no/such/dir`,
        `${prefix}dir`,
      ]) {
        await expectError(storage.get(missing), 'ObjectNotFound');
        await expectError(storage.get(missing, { range: { start: 0, length: 0 } }), 'ObjectNotFound');
        await expectError(storage.head(missing), 'ObjectNotFound');
      }
    },
  },
  {
    name: '`list` gives the keys under the prefix in ascending UTF-8 order, in pages, each key once.',
    async run(context) {
      const { storage, prefix } = context;
      const keys = await putKeys(context);
      for (const limit of [1, 3, keys.length, undefined]) {
        assert.deepEqual(await listAll(storage, prefix, limit), keys, `limit ${limit}`);
      }
      const narrow = keys.filter((key) => key.startsWith(`${prefix}dir/a`));
      assert.deepEqual(await listAll(storage, `${prefix}dir/a`, 2), narrow);
      assert.deepEqual(await listAll(storage, `${prefix}nothing/here`, 2), []);
    },
  },
  {
    name: '`list` starts behind `startAfter` when it is given.',
    async run(context) {
      const { storage, prefix } = context;
      const keys = await putKeys(context);
      for (const [index, startAfter] of keys.entries()) {
        const page = unwrap(await storage.list(prefix, { startAfter }));
        assert.deepEqual(
          page.objects.map((object) => object.key),
          keys.slice(index + 1),
          `startAfter ${startAfter}`,
        );
      }
      const absent = unwrap(await storage.list(prefix, { startAfter: `${prefix}dir/a/x0`, limit: 1 }));
      assert.equal(absent.objects[0]?.key, `${prefix}dir/a/y/z`);
      const below = unwrap(await storage.list(`${prefix}dir/a/`, { startAfter: `${prefix}a`, limit: 1 }));
      assert.equal(below.objects[0]?.key, `${prefix}dir/a/x`);
      const above = unwrap(await storage.list(`${prefix}dir/a/`, { startAfter: `${prefix}dir/b` }));
      assert.deepEqual(above.objects, []);
    },
  },
  {
    name: '`delete` removes the keys given, and succeeds for those that are not there.',
    async run({ storage, prefix }) {
      const keys = Array.from({ length: 25 }, (_, index) => `${prefix}dir/${index % 3}/${index}`);
      await Promise.all(keys.map(async (key) => unwrap(await storage.put(key, text(key)))));
      unwrap(await storage.put(`${prefix}kept`, text('kept')));
      unwrap(await storage.delete([]));
      const many = Array.from({ length: 1_100 }, (_, index) => `${prefix}never/${index}`);
      unwrap(await storage.delete([...keys.slice(1), ...many, `${prefix}dir`]));
      assert.deepEqual(await listAll(storage, prefix), [`${prefix}dir/0/0`, `${prefix}kept`]);
      unwrap(await storage.delete([`${prefix}dir/0/0`, `${prefix}dir/0/0`]));
      assert.deepEqual(await listAll(storage, prefix), [`${prefix}kept`]);
    },
  },
  {
    name: 'A lost connection, a throttled request or a slow answer is StoreUnavailable, never a wrong result.',
    async run({ unreachable, prefix }) {
      if (unreachable === undefined) return;
      const key = `${prefix}unreachable`;
      await expectError(unreachable.put(key, text('x')), 'StoreUnavailable');
      await expectError(unreachable.put(key, text('x'), { ifAbsent: true }), 'StoreUnavailable');
      await expectError(unreachable.get(key), 'StoreUnavailable');
      await expectError(unreachable.head(key), 'StoreUnavailable');
      await expectError(unreachable.list(prefix), 'StoreUnavailable');
      await expectError(unreachable.delete([key]), 'StoreUnavailable');
    },
  },
  {
    name: 'A call whose signal fires ends soon, as Aborted.',
    async run({ storage, prefix }) {
      const fired = AbortSignal.abort();
      const key = `${prefix}aborted`;
      await expectError(storage.put(key, text('x'), { signal: fired }), 'Aborted');
      await expectError(storage.get(key, { signal: fired }), 'Aborted');
      await expectError(storage.head(key, { signal: fired }), 'Aborted');
      await expectError(storage.list(prefix, { signal: fired }), 'Aborted');
      await expectError(storage.delete([key], { signal: fired }), 'Aborted');
      assert.deepEqual(await listAll(storage, prefix), []);
      const late = new AbortController();
      const putting = storage.put(key, new Uint8Array(3_000_000), { signal: late.signal });
      late.abort();
      const result = await putting;
      if (result.isErr()) assertNamed(result.error, 'Aborted');
    },
  },
  {
    name: '`close` may be called twice.',
    async run({ storage, prefix }) {
      unwrap(await storage.list(prefix));
      await storage.close();
      await storage.close();
    },
  },
  {
    name: 'Of an upload in parts nothing is seen before its `complete`, and nothing after its `abort`.',
    needs: 'uploads',
    async run({ storage, prefix }) {
      const key = `${prefix}dir/large`;
      const partSizeBytes = 5 * 1024 * 1024;
      const parts = [partSizeBytes, partSizeBytes, 1_000].map((size, index) =>
        new Uint8Array(size).fill(index + 1),
      );
      const whole = Buffer.concat(parts);
      const given = await storage.startUpload(key, { partSizeBytes });
      const upload = unwrap(given);
      for (const index of [2, 0, 1, 0]) {
        unwrap(await upload.part(index, parts[index] ?? new Uint8Array()));
        await expectError(storage.head(key), 'ObjectNotFound');
        assert.deepEqual(unwrap(await storage.list(prefix)).objects, []);
      }
      unwrap(await upload.complete());
      unwrap(await upload.abort());
      assert.equal(unwrap(await storage.head(key)).sizeBytes, whole.length);
      assert.equal(Buffer.compare(unwrap(await storage.get(key)), whole), 0);
      const other = unwrap(await storage.startUpload(key, { partSizeBytes }));
      unwrap(await other.part(0, text('other')));
      await expectError(other.part(0, text('late'), { signal: AbortSignal.abort() }), 'Aborted');
      unwrap(await other.abort());
      unwrap(await other.abort());
      assert.equal(Buffer.compare(unwrap(await storage.get(key)), whole), 0);
    },
  },
  {
    name: 'When a call has ended, in whatever way, the memory that it was given may be used for something else.',
    async run({ storage, prefix }) {
      const memory = new Uint8Array(new SharedArrayBuffer(3_000_000));
      const wanted = new Uint8Array(memory.length).fill(1);
      /** Lets some calls go by: as much time as the storage itself needs for them. */
      const pass = async (calls: number) => {
        for (let call = 0; call < calls; call += 1) unwrap(await storage.list(prefix));
      };
      for (const calls of CALLED_OFF_AFTER) {
        const key = `${prefix}put-${calls}`;
        memory.set(wanted);
        const put = await calledOff((signal) => storage.put(key, memory, { signal }), pass, calls);
        memory.fill(2);
        await pass(20);
        const found = await storage.get(key);
        if (put.isErr() && found.isErr()) continue;
        assert.equal(Buffer.compare(unwrap(found), wanted), 0, 'a put took what came into the memory later');
      }
      const key = `${prefix}got`;
      unwrap(await storage.put(key, wanted));
      for (const calls of CALLED_OFF_AFTER) {
        const got = await calledOff((signal) => storage.get(key, { into: memory, signal }), pass, calls);
        if (got.isOk()) assert.equal(Buffer.compare(got.value, wanted), 0);
        memory.fill(3);
        await pass(20);
        const isTouched = memory.some((byte) => byte !== 3);
        assert.ok(!isTouched, 'a get wrote after its end');
      }
      assert.equal(Buffer.compare(bytesOf(await storage.get(key, { into: new Uint8Array(10) })), wanted), 0);
    },
  },
];

/** How many other calls go by before one is called off. The last ones are too many for it to be so. */
const CALLED_OFF_AFTER = [0, 1, 2, 3, 5, 8, 100];

async function calledOff<T, E>(
  run: (signal: AbortSignal) => ResultAsync<T, E>,
  pass: (calls: number) => Promise<void>,
  calls: number,
): Promise<Result<T, E>> {
  const late = new AbortController();
  const running = Promise.resolve(run(late.signal));
  await Promise.race([running, pass(calls)]);
  late.abort();
  return running;
}

const PLAIN_KEYS = [
  'dir/a/x',
  'dir/a/y/z',
  'dir/a0',
  'dir/aa',
  'dir/b-b',
  'dir/b.b',
  'dir/b0',
  'dir0/x',
  `${'long'.repeat(50)}/x`,
];

const ODD_KEYS = [
  'dir/A',
  'dir/_',
  'dir/c d',
  'dir/c+d',
  'dir/c&<d>"\'',
  'dir/ e ',
  'dir/%41',
  'dir/ü',
  'dir/\u{e000}',
  'dir/\u{1f30a}',
];

/** Puts keys that are easily mixed up, in no order, and gives them in theirs. */
async function putKeys({ storage, prefix, plainKeysOnly }: ObjectStorageContext): Promise<string[]> {
  const keys = (plainKeysOnly ? PLAIN_KEYS : [...ODD_KEYS, ...PLAIN_KEYS]).map((key) => `${prefix}${key}`);
  for (const key of keys) unwrap(await storage.put(key, text(key)));
  return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function listAll(storage: ObjectStorage, prefix: string, limit?: number): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const startAfter = keys.at(-1);
    const page = unwrap(
      await storage.list(prefix, {
        ...(startAfter === undefined ? {} : { startAfter }),
        ...(limit === undefined ? {} : { limit }),
      }),
    );
    assert.ok(page.objects.length <= (limit ?? 1_000), 'a page holds more than was asked for');
    keys.push(...page.objects.map((object) => object.key));
    if (!page.truncated) return keys;
    assert.notEqual(page.objects.length, 0, 'a page is empty and says that more follow');
  }
}

/** Both stamps are the storage's own, so an hour is far more than they may differ. */
function assertRecent(lastModified: number, now: number): void {
  assert.ok(Math.abs(now - lastModified) < 3_600_000, `written at ${lastModified}, listed at ${now}`);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function unwrap<T>(result: Result<T, Error>): T {
  if (result.isErr()) throw result.error;
  return result.value;
}

/** The bytes as a plain array: a Buffer and a Uint8Array of the same bytes are not deeply equal. */
function bytesOf(result: Result<Uint8Array, Error>): Uint8Array {
  return Uint8Array.from(unwrap(result));
}

async function expectError(call: ResultAsync<unknown, Error>, name: string): Promise<void> {
  const result = await call;
  assert.ok(result.isErr(), `expected ${name}, and the call succeeded`);
  assertNamed(result.error, name);
}

function assertNamed(error: Error, name: string): void {
  assert.equal(error.name, name, `expected ${name}, got ${error.name}: ${error.message}`);
}
