// What every BackupStore must do, as cases to run against yours: one case per promise of the port.
// Uses nothing but the port. A store passes with any limits of its own that a few kilobytes do not reach.
import assert from 'node:assert/strict';
import type { BackupFile } from '../core/backup.ts';
import { checkpointId } from '../core/ids.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import {
  assertPages,
  assertStates,
  brokenBackup,
  byId,
  expectError,
  matches,
  readingError,
  rowOf,
  saveUpToTheGate,
  statusOf,
  throwingFile,
  unwrap,
} from './backup-store-steps.ts';
import type { ContractCase } from './contract.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from './sample-backups.ts';

/** A store to check. Each case needs one that holds nothing yet. */
export interface BackupStoreContext {
  readonly store: BackupStore;
  /**
   * Damages an object of the one backup that is there, behind the store's back, and gives its name or the
   * part of it that must appear in the error. Absent when the runner cannot; needed when the store has
   * checksums.
   */
  readonly damage?: (damage: BackupDamage) => Promise<string>;
}

export const BACKUP_DAMAGES = [
  'content changed',
  'content cut',
  'content missing',
  'manifest changed',
  'manifest cut',
] as const;
export type BackupDamage = (typeof BACKUP_DAMAGES)[number];

/** The promises of {@link BackupStore}, in their order. */
export const backupStoreContract: readonly ContractCase<BackupStoreContext>[] = [
  {
    name: 'A backup is COMPLETED only once every byte of it is stored.',
    async run({ store }) {
      const { gate, backup, saving } = await saveUpToTheGate(store);
      assert.equal(await statusOf(store, backup.id), 'IN_PROGRESS');
      await expectError(store.open(backup.id), 'InvalidBackupState');
      const unsettled = unwrap(await store.unsettled(backup.id.partitionId));
      assert.deepEqual(unsettled, [{ id: backup.id, term: backup.term }]);
      assert.deepEqual(unwrap(await store.unsettled(backup.id.partitionId * 10)), []);
      gate.letThrough();
      unwrap(await saving);
      assert.equal(await statusOf(store, backup.id), 'COMPLETED');
      assert.deepEqual(unwrap(await store.unsettled(backup.id.partitionId)), []);
      await assertSameBackup(unwrap(await store.open(backup.id)), backup);
    },
  },
  {
    name: 'COMPLETED never becomes anything else, except deleted.',
    async run({ store }) {
      const backup = sampleBackup();
      unwrap(await store.save(backup));
      await expectError(store.save(brokenBackup({ term: 9n })), 'BackupAlreadyExists');
      unwrap(await store.save(sampleBackup({ checkpointId: 2, term: 2n })));
      unwrap(await store.delete(sampleBackup({ checkpointId: 2 }).id));
      unwrap(await store.markFailed(backup.id, 'too late', { term: 9n }));
      assert.equal(await statusOf(store, backup.id), 'COMPLETED');
      await assertSameBackup(unwrap(await store.open(backup.id)), backup);
    },
  },
  {
    name: 'A failed save leaves the backup FAILED with a reason, unless the store itself could not be reached.',
    async run({ store }) {
      const broken: Record<string, BackupFile> = {
        'a file that throws': throwingFile('broken'),
        'a file that is shorter than it says': { ...sampleFile('broken', 100), sizeBytes: 101 },
        'a file that is longer than it says': { ...sampleFile('broken', 100), sizeBytes: 99 },
      };
      for (const [index, [what, file]] of Object.entries(broken).entries()) {
        const backup = sampleBackup({ checkpointId: index + 1, segmentFiles: [sampleFile('a', 9), file] });
        await expectError(store.save(backup), 'BrokerFailure', what);
        const row = await rowOf(store, backup.id);
        assert.equal(row?.statusCode, 'FAILED', what);
        assert.match(row?.failureReason ?? '', /broken/, `${what}: the reason must name the file`);
        assert.deepEqual(unwrap(await store.unsettled(backup.id.partitionId)), [], what);
      }
    },
  },
  {
    name: 'An id that is used, in whatever state, cannot be saved again by the same node.',
    async run({ store }) {
      unwrap(await store.save(sampleBackup({ checkpointId: 1 })));
      await expectError(store.save(brokenBackup({ checkpointId: 2 })), 'BrokerFailure');
      const { gate, saving } = await saveUpToTheGate(store, { checkpointId: 3 });
      for (const used of [1, 2, 3]) {
        const again = sampleBackup({ checkpointId: used, term: 5n });
        await expectError(store.save(again), 'BackupAlreadyExists', `id ${used}`);
      }
      gate.letThrough();
      unwrap(await saving);
      await assertStates(store, { 1: 'COMPLETED', 2: 'FAILED', 3: 'COMPLETED' });
    },
  },
  {
    name: 'Copies of one partition backup by different nodes do not disturb each other.',
    async run({ store }) {
      const { gate, backup: slow, saving } = await saveUpToTheGate(store, { nodeId: 1 });
      const quick = sampleBackup({ nodeId: 10, segmentFiles: [sampleFile('log', 5_000, 10)] });
      unwrap(await store.save(quick));
      await expectError(store.save(brokenBackup({ nodeId: 2 })), 'BrokerFailure');
      assert.equal(
        unwrap(await store.markFailed(sampleBackup({ nodeId: 3 }).id, 'no', { term: 1n })),
        'FAILED',
      );
      unwrap(await store.delete(sampleBackup({ nodeId: 2 }).id));
      assert.equal(await statusOf(store, slow.id), 'IN_PROGRESS');
      gate.letThrough();
      unwrap(await saving);
      await assertSameBackup(unwrap(await store.open(quick.id)), quick);
      await assertSameBackup(unwrap(await store.open(slow.id)), slow);
      unwrap(await store.delete(slow.id));
      await assertSameBackup(unwrap(await store.open(quick.id)), quick);
    },
  },
  {
    name: 'An opened backup gives back the descriptor and every file byte for byte.',
    async run({ store }) {
      const names = ['ordinary.sst', 'a b', 'ü', '漢字', '%2F', 'a"b', '.hidden', 'x'.repeat(255)];
      const backup = sampleBackup({
        checkpointId: 2n ** 63n - 1n,
        snapshotFiles: names.map((name, index) => sampleFile(name, index * 1_000, index)),
        segmentFiles: [sampleFile('ordinary.sst', 300_000, 5), sampleFile('log-2', 150_000, 6)],
      });
      unwrap(await store.save(backup));
      const other = { ...sampleBackup({ checkpointId: 5, snapshotFiles: [], segmentFiles: [] }) };
      const bare = { ...other, descriptor: { ...other.descriptor, snapshotId: null } };
      unwrap(await store.save(bare));
      const stored = unwrap(await store.open(backup.id));
      const [first] = stored.segmentFiles;
      assert.ok(first !== undefined);
      for await (const _part of first.open()) break;
      await assertSameBackup(stored, backup);
      await assertSameBackup(stored, backup);
      await assertSameBackup(unwrap(await store.open(bare.id)), bare);
      assert.ok(!Number.isNaN(Date.parse(stored.createdAt)), `createdAt is ${stored.createdAt}`);
    },
  },
  {
    name: 'Only a COMPLETED backup can be opened.',
    async run({ store }) {
      await expectError(store.save(brokenBackup({ checkpointId: 10 })), 'BrokerFailure');
      const { gate, saving } = await saveUpToTheGate(store, { checkpointId: 11 });
      await expectError(store.open(sampleBackup({ checkpointId: 1 }).id), 'BackupNotFound');
      await expectError(store.open(sampleBackup({ checkpointId: 10 }).id), 'InvalidBackupState');
      await expectError(store.open(sampleBackup({ checkpointId: 11 }).id), 'InvalidBackupState');
      gate.letThrough();
      unwrap(await saving);
      for (const other of [{ partitionId: 2 }, { nodeId: 1 }, { partitionId: 11 }, { nodeId: 10 }]) {
        await expectError(store.open(sampleBackup({ checkpointId: 11, ...other }).id), 'BackupNotFound');
      }
      unwrap(await store.open(sampleBackup({ checkpointId: 11 }).id));
    },
  },
  {
    name: 'Deleting what is not there succeeds; deleting what is IN_PROGRESS is refused.',
    async run({ store }) {
      unwrap(await store.delete(sampleBackup().id));
      const { gate, backup, saving } = await saveUpToTheGate(store);
      await expectError(store.delete(backup.id), 'InvalidBackupState');
      unwrap(await store.delete(sampleBackup({ nodeId: 1 }).id));
      gate.letThrough();
      unwrap(await saving);
      assert.equal(await statusOf(store, backup.id), 'COMPLETED');
    },
  },
  {
    name: 'After a delete nothing of the backup is listed, and it cannot be opened.',
    async run({ store }) {
      const near = [
        { checkpointId: 10 },
        { checkpointId: 1, partitionId: 10 },
        { checkpointId: 1, nodeId: 10 },
      ].map(sampleBackup);
      for (const backup of near) unwrap(await store.save(backup));
      const gone = sampleBackup({ checkpointId: 1 });
      unwrap(await store.save(gone));
      await expectError(store.save(brokenBackup({ checkpointId: 2 })), 'BrokerFailure');
      for (let times = 0; times < 2; times += 1) {
        unwrap(await store.delete(gone.id));
        unwrap(await store.delete(sampleBackup({ checkpointId: 2 }).id));
        await expectError(store.open(gone.id), 'BackupNotFound');
        const { backups } = unwrap(await store.list({}));
        assert.deepEqual(backups.map(({ id }) => id).sort(byId), near.map(({ id }) => id).sort(byId));
      }
      for (const backup of near) await assertSameBackup(unwrap(await store.open(backup.id)), backup);
    },
  },
  {
    name: 'A listing gives exactly the backups that match, newest first, in pages.',
    async run({ store }) {
      const ids = [];
      for (const checkpoint of [1, 2, 9, 10, 100]) {
        for (const [partitionId, nodeId] of [
          [1, 0],
          [1, 1],
          [2, 1],
          [10, 10],
        ] as const) {
          const backup = sampleBackup({ checkpointId: checkpoint, partitionId, nodeId, ...tinyFiles });
          unwrap(await store.save(backup));
          ids.push(backup.id);
        }
      }
      const checkpoints = [undefined, 1, 10, 3].map((id) => (id === undefined ? id : checkpointId(id)));
      for (const checkpoint of checkpoints) {
        for (const partitionId of [undefined, 1, 10, 3]) {
          for (const nodeId of [undefined, 1, 0, 100]) {
            const query = { checkpointId: checkpoint, partitionId, nodeId };
            const { backups } = unwrap(await store.list(query));
            assert.deepEqual(
              backups.map(({ id }) => id).sort(byId),
              ids.filter((id) => matches(query, id)).sort(byId),
            );
          }
        }
      }
      await assertPages(store, {}, [100, 10, 9, 2, 1], 4);
      await assertPages(store, { partitionId: 2 }, [100, 10, 9, 2, 1], 1);
      await assertPages(store, { before: checkpointId(10) }, [9, 2, 1], 4);
      await assertPages(store, { before: checkpointId(1) }, [], 0);
      const detailed = unwrap(
        await store.list({ checkpointId: checkpointId(9), partitionId: 2, details: true }),
      );
      assert.deepEqual(detailed.backups[0]?.descriptor, sampleBackup().descriptor);
    },
  },
  {
    name: 'Marking as failed what is IN_PROGRESS or not there makes it FAILED with that reason.',
    async run({ store }) {
      const { gate, backup, saving } = await saveUpToTheGate(store, { term: 4n });
      const missing = sampleBackup({ checkpointId: 7 });
      for (const { id } of [backup, missing]) {
        assert.equal(unwrap(await store.markFailed(id, 'the leader went away', { term: 4n })), 'FAILED');
        const row = await rowOf(store, id);
        assert.equal(row?.statusCode, 'FAILED');
        assert.match(row?.failureReason ?? '', /the leader went away/);
        await expectError(store.open(id), 'InvalidBackupState');
      }
      assert.deepEqual(unwrap(await store.unsettled(backup.id.partitionId)), []);
      gate.letThrough();
      assert.ok((await saving).isErr());
      assert.equal(await statusOf(store, backup.id), 'FAILED');
    },
  },
  {
    name: 'Marking as failed what is COMPLETED or FAILED changes nothing and answers with that state.',
    async run({ store }) {
      unwrap(await store.save(sampleBackup({ checkpointId: 1 })));
      await expectError(store.save(brokenBackup({ checkpointId: 2 })), 'BrokerFailure');
      const before = unwrap(await store.list({ details: true }));
      const mark = (id: number) =>
        store.markFailed(sampleBackup({ checkpointId: id }).id, 'other', { term: 9n });
      assert.equal(unwrap(await mark(1)), 'COMPLETED');
      assert.equal(unwrap(await mark(2)), 'FAILED');
      assert.deepEqual(unwrap(await store.list({ details: true })), before);
    },
  },
  {
    name: 'An attempt that was marked failed or deleted while it ran ends with AttemptFenced and never COMPLETED.',
    async run({ store }) {
      const marked = await saveUpToTheGate(store, { checkpointId: 1 });
      const deleted = await saveUpToTheGate(store, { checkpointId: 2 });
      for (const { backup } of [marked, deleted]) {
        unwrap(await store.markFailed(backup.id, 'called off', { term: backup.term }));
      }
      unwrap(await store.delete(deleted.backup.id));
      marked.gate.letThrough();
      deleted.gate.letThrough();
      await expectError(marked.saving, 'AttemptFenced');
      await expectError(deleted.saving, 'AttemptFenced');
      const row = await rowOf(store, marked.backup.id);
      assert.equal(row?.statusCode, 'FAILED');
      assert.match(row?.failureReason ?? '', /called off/);
      assert.equal(await rowOf(store, deleted.backup.id), undefined, 'a deleted backup came back');
    },
  },
  {
    name: 'Damage to stored bytes is a BackupCorrupt that names the object, never wrong bytes.',
    needs: 'checksums',
    async run({ store, damage }) {
      if (!store.capabilities.checksums) return;
      assert.ok(damage !== undefined, 'a store with checksums needs `damage` to be checked');
      for (const [index, kind] of BACKUP_DAMAGES.entries()) {
        const backup = sampleBackup({ checkpointId: index + 1 });
        unwrap(await store.save(backup));
        const object = await damage(kind);
        const error = await readingError(store, backup);
        assert.equal(error?.name, 'BackupCorrupt', `${kind}: ${error ?? 'nothing was noticed'}`);
        assert.ok(error?.message.includes(object), `${kind}: '${error?.message}' does not name ${object}`);
        unwrap(await store.delete(backup.id));
      }
    },
  },
  {
    name: 'A call whose signal fires ends soon, as Aborted.',
    async run({ store }) {
      const controller = new AbortController();
      const { gate, backup, saving } = await saveUpToTheGate(store, { signal: controller.signal });
      controller.abort();
      await expectError(saving, 'Aborted');
      assert.equal(await statusOf(store, backup.id), 'FAILED');
      gate.letThrough();
      const { signal } = controller;
      const later = sampleBackup({ checkpointId: 2 });
      await expectError(store.save(later, { signal }), 'Aborted');
      await expectError(store.list({}, { signal }), 'Aborted');
      await expectError(store.unsettled(1, { signal }), 'Aborted');
      await expectError(store.open(backup.id, { signal }), 'Aborted');
      await expectError(store.markFailed(backup.id, 'no', { term: 1n, signal }), 'Aborted');
      await expectError(store.delete(backup.id, { signal }), 'Aborted');
      assert.equal(await rowOf(store, later.id), undefined);
    },
  },
  {
    name: '`close` may be called twice.',
    async run({ store }) {
      const { gate, saving } = await saveUpToTheGate(store);
      await store.close();
      await expectError(saving, 'Aborted');
      await store.close();
      gate.letThrough();
    },
  },
  {
    name: 'Every file has its own bytes, also where their version lets the store take what an earlier backup holds.',
    async run({ store }) {
      const earlier = { same: 20_000, grown: 90_000, shrunk: 90_000, filled: 0, emptied: 9, gone: 50 };
      const later = { same: 20_000, grown: 90_001, shrunk: 70_000, filled: 9, emptied: 0, added: 300 };
      const files = (sizes: Record<string, number>, version: string, seed: number) => {
        const ofKind = (bytes: Uint8Array) =>
          Object.entries(sizes).map(([name, size]) => ({
            ...sampleFile(name, bytes.subarray(0, size)),
            version,
          }));
        const [snapshotFiles, segmentFiles] = [0, 100].map((kind) =>
          ofKind(sampleBytes(100_000, seed + kind)),
        );
        return { snapshotFiles: snapshotFiles ?? [], segmentFiles: segmentFiles ?? [] };
      };
      const backups = [
        { checkpointId: 1, ...files(earlier, 'one', 1) },
        { checkpointId: 2, ...files(later, 'one', 1) },
        { checkpointId: 2, partitionId: 2, ...files(later, 'one', 2) },
        { checkpointId: 3, nodeId: 1, ...files(later, 'two', 3) },
        { checkpointId: 4, nodeId: 1, ...files(earlier, 'two', 3) },
      ].map(sampleBackup);
      for (const backup of backups) unwrap(await store.save(backup));
      for (const backup of backups) await assertSameBackup(unwrap(await store.open(backup.id)), backup);
    },
  },
];

const tinyFiles = { snapshotFiles: [], segmentFiles: [sampleFile('log', 10)] };
