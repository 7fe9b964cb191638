// What is told of damage, in both layouts and every store: the full name of the object, the offset in it, and all the
// damage of a copy, not the first alone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopyVerification } from '../../src/cli/verify/copy-verification.ts';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { verifyNative, verifyZeebe } from '../../src/cli/verify/verify-copy.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { openBucket } from '../../src/stores/s3-place.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { startEmbeddedS3 } from '../support/embedded-s3.ts';
import { SECOND, SNAPSHOT_ID } from '../zeebe/sample-partition.ts';
import { zeebeBackup } from './zeebe-world.ts';

const BASE = 'clusters/harbour';
const CHUNK = 64;

interface Place {
  readonly storage: ObjectStorage;
  readonly location: string;
  close(): Promise<void>;
}

const PLACES: Record<string, () => Promise<Place>> = {
  async memory() {
    const storage = new PrefixedObjectStorage(new MemoryObjectStorage({ clock: systemClock }), BASE);
    return { storage, location: `memory:/${BASE}`, close: () => storage.close() };
  },
  async filesystem() {
    const directory = await mkdtemp(join(tmpdir(), 'verify-'));
    const storage = new FilesystemObjectStorage({ clock: systemClock, random: systemRandom }, { directory });
    const close = () => rm(directory, { recursive: true });
    return { storage, location: `file://${directory}`, close };
  },
  async S3() {
    const server = await startEmbeddedS3();
    const { endpoint, region, bucket: bucketName, credentials } = server;
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
    const place = { endpoint, region, bucketName, accessKey, secretKey, forcePathStyleAccess: true };
    const storage = openBucket({ ...place, basePath: BASE }, {});
    const close = async () => {
      await storage.close();
      await server.close();
    };
    return { storage, location: `s3://backups/${BASE}`, close };
  },
};

describe.each(Object.keys(PLACES))('in %s', (name) => {
  let place: Place;
  beforeEach(async () => {
    const make = PLACES[name];
    if (make === undefined) throw new Error(name);
    place = await make();
  });
  afterEach(() => place.close());

  async function copiesOf(
    store: BackupStore,
    verifyCopy = verifyZeebe,
  ): Promise<readonly CopyVerification[]> {
    const signal = new AbortController().signal;
    const options = { checkpointId: checkpointId(7), partitionsCount: 2, signal };
    return (await verifyBackup(store, verifyCopy, options))._unsafeUnwrap().copies;
  }

  async function flip(key: string, at: number): Promise<void> {
    const bytes = Uint8Array.from((await place.storage.get(key))._unsafeUnwrap());
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    (await place.storage.put(key, bytes))._unsafeUnwrap();
  }

  async function remove(...gone: string[]): Promise<void> {
    (await place.storage.delete(gone))._unsafeUnwrap();
  }

  describe("Zeebe's layout", () => {
    let store: ZeebeBackupStore;
    beforeEach(async () => {
      store = new ZeebeBackupStore({ storage: place.storage });
      for (const partition of [1, 2]) (await store.save(zeebeBackup(partition)))._unsafeUnwrap();
    });

    it('tells all the damage of a copy, each by its key', async () => {
      const copy = '1/7/0';
      const log = `${copy}/segments/raft-partition-partition-1-9.log`;
      const [first = 0] = SECOND.offsets;
      await remove(`${copy}/snapshot/CURRENT`, `${copy}/segments/raft-partition-partition-1-8.log`);
      await flip(`${copy}/snapshot/000010.sst`, 5);
      await flip(log, first + 30);
      const [damaged, whole] = await copiesOf(store);
      expect(whole?.findings).toEqual([]);
      expect(damaged).toMatchObject({
        state: 'COMPLETED',
        manifest: `${place.location}/${copy}/manifest.json`,
      });
      const told = damaged?.findings.map(({ object, offset, file, what }) => [object, offset, file, what]);
      const at = (key: string) => `${place.location}/${copy}/${key}`;
      expect(told).toContainEqual([at('snapshot/CURRENT'), undefined, 'CURRENT', 'is missing']);
      expect(told).toContainEqual([
        at('segments/raft-partition-partition-1-8.log'),
        0,
        'raft-partition-partition-1-8.log',
        'is missing',
      ]);
      expect(told).toContainEqual([
        at('snapshot/000010.sst'),
        undefined,
        '000010.sst',
        expect.stringContaining('its checksum is wrong'),
      ]);
      expect(told).toContainEqual([
        at('segments/raft-partition-partition-1-9.log'),
        first,
        'raft-partition-partition-1-9.log',
        expect.anything(),
      ]);
    });

    it('tells of a file that the manifest does not name by the manifest', async () => {
      const manifest = '2/7/0/manifest.json';
      const text = new TextDecoder().decode((await place.storage.get(manifest))._unsafeUnwrap());
      const changed = text
        .replace(`"${SNAPSHOT_ID}.checksum":{},`, '')
        .replace(`,"${SNAPSHOT_ID}.checksum":{}`, '');
      expect(changed).not.toBe(text);
      (await place.storage.put(manifest, new TextEncoder().encode(changed)))._unsafeUnwrap();
      const [, { findings } = { findings: [] }] = await copiesOf(store);
      expect(findings).toMatchObject([
        {
          object: `${place.location}/${manifest}`,
          file: `${SNAPSHOT_ID}.checksum`,
          what: 'the checksum file is missing',
        },
      ]);
    });

    it('tells of a manifest that cannot be read by its key, and goes on with the other copies', async () => {
      await flip('1/7/0/manifest.json', 0);
      await remove('2/7/0/snapshot/CURRENT');
      const [first, second] = await copiesOf(store);
      expect(first?.findings).toMatchObject([{ object: `${place.location}/1/7/0/manifest.json` }]);
      expect(second?.findings).toMatchObject([{ object: `${place.location}/2/7/0/snapshot/CURRENT` }]);
    });

    it.each([3, 200])(
      'tells of a compressed object that was cut to %i bytes, without an offset in it',
      async (length) => {
        const packing = new ZeebeBackupStore({ storage: place.storage }, { compression: 'zstd' });
        const large = bytesFile('000011.sst', new Uint8Array(8 * 1024 * 1024 + 1));
        const backup = zeebeBackup(1);
        (await packing.delete(backup.id))._unsafeUnwrap();
        (await packing.save({ ...backup, snapshotFiles: [...backup.snapshotFiles, large] }))._unsafeUnwrap();
        const key = '1/7/0/snapshot/000011.sst';
        const packed = (await place.storage.get(key))._unsafeUnwrap();
        expect(packed.length).toBeGreaterThan(200);
        (await place.storage.put(key, packed.subarray(0, length)))._unsafeUnwrap();
        const [{ findings } = { findings: [] }] = await copiesOf(store);
        const ofObject = findings.filter(({ object }) => object === `${place.location}/${key}`);
        expect(ofObject.length).toBeGreaterThan(0);
        for (const finding of ofObject)
          expect(finding).toMatchObject({ file: '000011.sst', severity: 'error' });
        for (const finding of ofObject) expect(finding).not.toHaveProperty('offset');
        // The rest of the copy was read all the same: the checksum file does not know the large one, and no more is wrong.
        expect(findings).toHaveLength(ofObject.length);
      },
    );

    it.each([
      ['snapshot/zeebe.metadata', undefined],
      ['snapshot/zeebe.metadata', 70],
      ['segments/raft-partition-partition-1-8.log', undefined],
      ['segments/raft-partition-partition-1-9.log', undefined],
      ['segments/raft-partition-partition-1-9.log', 70],
    ])('tells once what one damage does: %s, bit of byte %s', async (name, at) => {
      const key = `1/7/0/${name}`;
      if (at === undefined) await remove(key);
      else await flip(key, at);
      const [{ findings } = { findings: [] }] = await copiesOf(store);
      expect(findings).toMatchObject([{ object: `${place.location}/${key}`, severity: 'error' }]);
    });

    it('tells twice what has two causes', async () => {
      const manifest = '1/7/0/manifest.json';
      const text = new TextDecoder().decode((await place.storage.get(manifest))._unsafeUnwrap());
      const without = text.replace(/,?"raft-partition-partition-1-9.log":\{\}/, '').replace('{,', '{');
      expect(without).not.toBe(text);
      (await place.storage.put(manifest, new TextEncoder().encode(without)))._unsafeUnwrap();
      await remove('1/7/0/snapshot/CURRENT');
      const [{ findings } = { findings: [] }] = await copiesOf(store);
      expect(findings).toMatchObject([
        { what: 'is missing', file: 'CURRENT' },
        { what: expect.stringContaining('the checkpoint at position 6 is not in the log') },
      ]);
    });

    it('does not open such a copy for a restore', async () => {
      await remove('1/7/0/snapshot/CURRENT');
      const { id } = zeebeBackup(1);
      const refused = (await store.open(id))._unsafeUnwrapErr();
      expect(refused).toMatchObject({
        name: 'BackupCorrupt',
        object: `${place.location}/1/7/0/snapshot/CURRENT`,
      });
      expect((await store.open(id, { evenIfDamaged: true })).isOk()).toBe(true);
    });
  });

  describe('the native layout', () => {
    let store: TidemarkBackupStore;
    const content = (seed: number, length: number) =>
      Uint8Array.from({ length }, (_, at) => (at * seed) % 251);
    beforeEach(() => {
      store = new TidemarkBackupStore({ storage: place.storage }, { chunkSizeBytes: CHUNK });
    });

    /** The objects of a file's chunks, in the order of the file. */
    async function objectsOf(file: string): Promise<string[]> {
      const opened = (await store.open(zeebeBackup(1).id))._unsafeUnwrap();
      const found = [...opened.snapshotFiles, ...opened.segmentFiles].find((one) => one.name === file);
      return [...(found?.parts?.() ?? [])].map(({ object }) => object);
    }
    const keyOf = (object: string) => object.slice(place.location.length + 1);

    it('tells every damaged chunk of every file, and where the file is broken', async () => {
      const log = content(7, 5 * CHUNK + 10);
      const files = {
        snapshotFiles: [bytesFile('state', content(3, 4 * CHUNK))],
        segmentFiles: [bytesFile('log', log)],
      };
      for (const partition of [1, 2])
        (await store.save({ ...zeebeBackup(partition), ...files }))._unsafeUnwrap();
      const state = await objectsOf('state');
      const chunks = await objectsOf('log');
      expect(new Set([...state, ...chunks]).size).toBe(10);
      await remove(keyOf(state[0] ?? ''), keyOf(chunks[1] ?? ''));
      await flip(keyOf(state[2] ?? ''), 3);
      await flip(keyOf(chunks[4] ?? ''), 3);
      const [damaged, whole] = await copiesOf(store, verifyNative);
      expect(whole?.findings).toEqual([]);
      const told = damaged?.findings.map(({ object, offset, file, fileOffset }) => [
        object,
        offset,
        file,
        fileOffset,
      ]);
      expect(told).toEqual([
        [state[0], 0, 'state', 0],
        [state[2], 0, 'state', 2 * CHUNK],
        [chunks[1], 0, 'log', CHUNK],
        [chunks[4], 0, 'log', 4 * CHUNK],
      ]);
      for (const { object } of damaged?.findings ?? [])
        expect(object.startsWith(`${place.location}/partitions/1/chunks/`)).toBe(true);
    });

    it('tells of a chunk of many files once, and names them', async () => {
      const packing = new TidemarkBackupStore({ storage: place.storage });
      (await packing.save(zeebeBackup(1)))._unsafeUnwrap();
      const objects = new Set(await objectsOf('CURRENT'));
      expect(objects.size).toBe(1);
      const [object = ''] = objects;
      await remove(keyOf(object));
      const [{ findings } = { findings: [] }] = await copiesOf(packing, verifyNative);
      expect(findings).toMatchObject([{ object, offset: 0, file: '000010.sst' }]);
      expect(findings[0]?.what).toMatch(/^is missing; with it 6 more files: .*CURRENT.* and 1 more$/);
    });

    it("still reads what else a Zeebe's files tell, and tells nothing twice", async () => {
      const backup = zeebeBackup(1);
      // A snapshot that is newer than the checkpoint, found by what is in the files alone.
      const newer = backup.snapshotFiles.map((file) =>
        file.name === 'zeebe.metadata'
          ? bytesFile(
              file.name,
              new TextEncoder().encode(
                '{"version":1,"processedPosition":2,"exportedPosition":9223372036854775807,"lastFollowupEventPosition":9}',
              ),
            )
          : file,
      );
      (await store.save({ ...backup, snapshotFiles: newer }))._unsafeUnwrap();
      const [object = ''] = await objectsOf('raft-partition-partition-1-8.log');
      await remove(keyOf(object));
      const [{ findings } = { findings: [] }] = await copiesOf(store, verifyNative);
      expect(findings.filter((finding) => finding.object === object)).toHaveLength(1);
      const metadata = findings.filter(({ file }) => file === 'zeebe.metadata');
      expect(metadata.some(({ what }) => what.startsWith('it is newer than the checkpoint'))).toBe(true);
      for (const finding of findings)
        expect(finding.object.startsWith(`${place.location}/`), finding.object).toBe(true);
    });
  });
});
