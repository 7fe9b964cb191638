// What versions of files save a repeated backup: reads are counted. And that nothing but what they vouch for is taken.
import { afterEach, describe, expect, it } from 'vitest';
import type { BackupFile, PartitionBackup } from '../../src/core/backup.ts';
import type { BackupProgress } from '../../src/core/status.ts';
import type { LayoutSettings } from '../../src/stores/backup-store-settings.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { assertSameBackup, sampleBackup, sampleBytes } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { manifestJson } from './manifest-json.ts';
import { CHUNK, nativePlace } from './native-place.ts';
import type { Fate } from './scripted-storage.ts';

/** Which bytes were read, as `name@position+length`, or `name@open` for a reading from the beginning. */
let reads: string[] = [];
afterEach(() => {
  reads = [];
});

interface Made {
  readonly version?: string;
  readonly seed?: number;
  /** It has no `read`, and can only be read from its beginning. */
  readonly fromTheBeginning?: boolean;
}

function file(
  name: string,
  sizeBytes: number,
  { version, seed = 1, fromTheBeginning }: Made = {},
): BackupFile {
  // A longer file of the same seed begins with the shorter one.
  const bytes = sampleBytes(10 * CHUNK, seed).subarray(0, sizeBytes);
  return {
    name,
    sizeBytes,
    version,
    async *open() {
      reads.push(`${name}@open`);
      for (let at = 0; at < sizeBytes; at += 700) yield bytes.subarray(at, Math.min(at + 700, sizeBytes));
    },
    ...(fromTheBeginning === true
      ? {}
      : {
          async read(target: Uint8Array, position: number) {
            reads.push(`${name}@${position}+${target.length}`);
            target.set(bytes.subarray(position, position + target.length));
          },
        }),
  };
}

const v1 = { version: 'a/1' };

type Node = ReturnType<ReturnType<typeof nativePlace>['node']>;

/** Saves the files as the checkpoint, reads them back, and tells what was read and sent. */
async function save(
  { store, storage }: Node,
  checkpointId: number,
  segmentFiles: readonly BackupFile[],
  other: Partial<PartitionBackup> = {},
) {
  const backup = { ...sampleBackup({ checkpointId, snapshotFiles: [], segmentFiles }), ...other };
  let progress: BackupProgress | undefined;
  reads = [];
  storage.calls.length = 0;
  const onProgress = (told: BackupProgress) => {
    progress = told;
  };
  (await store.save(backup, { onProgress }))._unsafeUnwrap();
  const told = { reads: [...reads], chunks: storage.count('put', '/chunks/'), progress };
  await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  return told;
}

/** Saves the one as backup 1 and the other as backup 2, and tells what was read and sent for that. */
async function saveAfter(first: BackupFile, second: BackupFile, settings: LayoutSettings = {}) {
  const node = nativePlace().node(settings);
  await save(node, 1, [first]);
  return save(node, 2, [second]);
}

describe('a file of the same version', () => {
  it.each([0, 100, CHUNK, 3 * CHUNK, 3 * CHUNK + 5])(
    'is not read when it has the same size: %i',
    async (size) => {
      const { reads: read, chunks, progress } = await saveAfter(file('log', size, v1), file('log', size, v1));
      expect(read).toEqual([]);
      expect(chunks).toBe(0);
      expect(progress).toMatchObject({ filesDone: 1, bytesDone: size, bytesReused: size });
      expect(progress?.bytesUnread ?? 0).toBe(size);
    },
  );

  it('is read from its last whole piece on when it has grown', async () => {
    const { reads: read, progress } = await saveAfter(
      file('log', 2 * CHUNK + 5, v1),
      file('log', 3 * CHUNK + 7, v1),
    );
    expect(read).toEqual([`log@${2 * CHUNK}+${CHUNK}`, `log@${3 * CHUNK}+7`]);
    expect(progress).toMatchObject({
      bytesDone: 3 * CHUNK + 7,
      bytesReused: 2 * CHUNK,
      bytesUnread: 2 * CHUNK,
    });
  });

  it('is read at its end alone when it has shrunk', async () => {
    const shrunk = await saveAfter(file('log', 3 * CHUNK, v1), file('log', 2 * CHUNK + 7, v1));
    expect(shrunk.reads).toEqual([`log@${2 * CHUNK}+7`]);
    const toTheEndOfAPiece = await saveAfter(file('log', 3 * CHUNK, v1), file('log', 2 * CHUNK, v1));
    expect(toTheEndOfAPiece.reads).toEqual([]);
  });

  it('that has grown out of its pack, or shrunk into one, is read', async () => {
    expect((await saveAfter(file('log', 100, v1), file('log', CHUNK + 1, v1))).reads).toEqual([
      `log@0+${CHUNK}`,
      `log@${CHUNK}+1`,
    ]);
    expect((await saveAfter(file('log', CHUNK + 1, v1), file('log', 100, v1))).reads).toEqual(['log@0+100']);
    expect((await saveAfter(file('log', 0, v1), file('log', 100, v1))).reads).toEqual(['log@0+100']);
    expect((await saveAfter(file('log', 100, v1), file('log', 0, v1))).chunks).toBe(0);
  });

  it('that can only be read from its beginning is read up to its tail and sends that alone', async () => {
    const made = { ...v1, fromTheBeginning: true };
    const { reads: read, chunks } = await saveAfter(
      file('log', 2 * CHUNK + 5, made),
      file('log', 3 * CHUNK + 7, made),
    );
    expect(read).toEqual(['log@open']);
    expect(chunks).toBe(2);
    expect((await saveAfter(file('log', 2 * CHUNK, made), file('log', 2 * CHUNK, made))).reads).toEqual([]);
  });

  it.each([
    ['an earlier size of chunks', { chunkSizeBytes: 2 * CHUNK }, { chunkSizeBytes: CHUNK }],
    ['compression', { compression: 'auto' }, { compression: 'none' }],
  ] as const)('is taken with %s as it is', async (_what, before, after) => {
    const place = nativePlace();
    await save(place.node(before), 1, [file('log', 3 * CHUNK, v1)]);
    expect((await save(place.node(after), 2, [file('log', 3 * CHUNK, v1)])).reads).toEqual([]);
  });

  it('is not read in a chain of backups, whichever node takes them, and when those before are deleted', async () => {
    const place = nativePlace();
    const files = () => [file('log-1', 3 * CHUNK, v1), file('log-2', 200, v1)];
    await save(place.node(), 1, files());
    for (const id of [2, 3, 4]) {
      const node = place.node();
      const { id: other } = sampleBackup({ checkpointId: id, nodeId: id });
      expect((await save(node, id, files(), { id: other })).reads).toEqual([]);
      const before = sampleBackup({ checkpointId: id - 1, nodeId: id === 2 ? 0 : id - 1 }).id;
      (await node.store.delete(before))._unsafeUnwrap();
    }
  });
});

describe('a file is read', () => {
  const whole = ['log@0+300'];
  it.each([
    ['of another version', v1, { version: 'a/2', seed: 2 }],
    ['without a version', v1, { seed: 2 }],
    ['that had no version', {}, { version: 'a/1', seed: 2 }],
  ] as const)('%s', async (_what, before, after) => {
    expect((await saveAfter(file('log', 300, before), file('log', 300, after))).reads).toEqual(whole);
  });

  it('of another name or kind', async () => {
    const renamed = await saveAfter(file('log', 300, v1), file('log-2', 300, { ...v1, seed: 2 }));
    expect(renamed.reads).toEqual(['log-2@0+300']);
    const node = nativePlace().node();
    await save(node, 1, [file('log', 300, v1)]);
    const moved = { snapshotFiles: [file('log', 300, { ...v1, seed: 2 })] };
    expect((await save(node, 2, [], moved)).reads).toEqual(whole);
  });

  it('of another partition', async () => {
    const node = nativePlace().node();
    await save(node, 1, [file('log', 300, v1)]);
    const { id } = sampleBackup({ checkpointId: 2, partitionId: 2 });
    const told = await save(node, 2, [file('log', 300, { ...v1, seed: 2 })], { id });
    expect(told.reads).toEqual(whole);
  });

  it('where the base is of another key, or of none', async () => {
    const encryptionKeys = [{ id: 'k', secret: Buffer.alloc(32, 1).toString('base64') }];
    const place = nativePlace();
    await save(place.node(), 1, [file('log', 300, v1)]);
    expect((await save(place.node({ encryptionKeys }), 2, [file('log', 300, v1)])).reads).toEqual(whole);
    expect((await save(place.node({ encryptionKeys }), 3, [file('log', 300, v1)])).reads).toEqual([]);
  });

  it('where the manifest of the base is damaged or gone', async () => {
    for (const damage of ['change', 'remove'] as const) {
      const { memory, node } = nativePlace();
      const writer = node();
      await save(writer, 1, [file('log', 300, v1)]);
      const manifest = (await keys(memory)).find((key) => key.includes('/completed.')) ?? '';
      writer.storage.script = async ({ operation, key }): Promise<Fate> => {
        if (operation !== 'get' || key !== manifest) return 'done';
        const bytes = (await memory.get(manifest))._unsafeUnwrap();
        const text = Buffer.from(bytes).toString().replace('a/1', 'a/2');
        if (damage === 'change') (await memory.put(manifest, Buffer.from(text)))._unsafeUnwrap();
        else (await memory.delete([manifest]))._unsafeUnwrap();
        return 'done';
      };
      expect((await save(writer, 2, [file('log', 300, v1)])).reads, damage).toEqual(whole);
    }
  });
});

describe('a broker whose word is not good', () => {
  it('gets wrong bytes into its backup: versions are its own affair', async () => {
    const { store } = nativePlace().node();
    const [honest, lying] = [file('log', 300, v1), file('log', 300, { ...v1, seed: 2 })];
    const [first, second] = [honest, lying].map((segment, index) =>
      sampleBackup({ checkpointId: index + 1, snapshotFiles: [], segmentFiles: [segment] }),
    ) as [PartitionBackup, PartitionBackup];
    for (const backup of [first, second]) (await store.save(backup))._unsafeUnwrap();
    const stored = (await store.open(second.id))._unsafeUnwrap();
    await assertSameBackup({ ...stored, id: first.id }, first);
  });

  it('is found out and does no harm where everything is read', async () => {
    const place = nativePlace();
    const files = (seed: number) => [
      file('changed', 3 * CHUNK, { ...v1, seed }),
      file('small', 100, { ...v1, seed }),
      file('same', 2 * CHUNK, { version: 'b', seed: 9 }),
      file('grown', seed * CHUNK, { version: 'c', seed: 8 }),
    ];
    await save(place.node(), 1, files(1));
    const warnings: object[] = [];
    const quiet = () => {};
    const logger = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (fields: object) => void warnings.push(fields),
    };
    const { storage } = place.node();
    const settings = { clusterId: 'a', chunkSizeBytes: CHUNK, readEverything: true };
    const store = new TidemarkBackupStore({ storage, clock: place.clock, logger }, settings);
    const { progress } = await save({ store, storage }, 2, files(2));
    expect(warnings.toSorted(byFile)).toMatchObject([
      { checkpointId: 2n, file: 'changed', version: 'a/1' },
      { checkpointId: 2n, file: 'small', version: 'a/1' },
    ]);
    expect(progress).not.toHaveProperty('bytesUnread');
    // From then on the right bytes are taken.
    expect((await save(place.node(), 3, files(2))).reads).toEqual([]);
  });
});

function byFile(a: object, b: object): number {
  return (a as { file: string }).file < (b as { file: string }).file ? -1 : 1;
}

describe('the version of a file', () => {
  it('stands in the manifest of whoever gave one', async () => {
    const { node, memory } = nativePlace();
    await save(node(), 1, [file('log', 10, v1), file('other', 10)]);
    const manifest = (await keys(memory)).find((key) => key.includes('/completed.')) ?? '';
    const { files } = manifestJson((await memory.get(manifest))._unsafeUnwrap()) as { files: object[] };
    expect(files.map((line) => Object.keys(line).join(' '))).toEqual([
      'kind name size version digest pieces',
      'kind name size digest pieces',
    ]);
  });

  it.each([
    ['', '""'],
    ['x'.repeat(256), '"x+"'],
    [1_700_000_000 as unknown as string, '1700000000'],
  ])('is refused when it is none: %j', async (version, shown) => {
    const { store, storage } = nativePlace().node();
    const saved = await store.save(sampleBackup({ segmentFiles: [file('log', 10, { version })] }));
    const error = saved._unsafeUnwrapErr();
    expect(error.name).toBe('BrokerFailure');
    expect(error.message).toMatch(
      new RegExp(`file="log" has the version ${shown}: give 1 to 255 characters, or none`),
    );
    expect(storage.count('put')).toBe(0);
  });
});
