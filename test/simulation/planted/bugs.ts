// The bugs that the simulation must find. Each is one that a backup tool could have, and many did.
import type { PlantedBug } from './planted-bug.ts';
import { POINT_BUGS } from './point-bugs.ts';

const save = 'src/stores/tidemark/save-backup.ts';
const attempt = 'src/partition/backup-attempt.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a message does not force a checkpoint on its receiver',
    edits: [
      {
        file: 'src/checkpoint/checkpoint-transition.ts',
        find: 'return stamp !== undefined && (state === undefined || stamp > state.checkpointId);',
        replace: 'return stamp === -1n && state === undefined;',
      },
    ],
  },
  {
    name: 'a message that is sent again carries no checkpoint id',
    edits: [
      {
        file: 'examples/ledger/courier.ts',
        find: 'const RETRY_MS = 200;',
        replace: 'const RETRY_MS = 200; const sent = new Set();',
      },
      {
        file: 'examples/ledger/courier.ts',
        find: 'const stamp = showStamp(this.#partition.checkpoints.stamp());',
        replace: `const again = credits.every(({ id }) => sent.has(id));
          for (const { id } of credits) sent.add(id);
          const stamp = again ? null : showStamp(this.#partition.checkpoints.stamp());`,
      },
    ],
  },
  {
    name: 'an answer between partitions carries no checkpoint id',
    edits: [
      {
        file: 'examples/ledger/courier.ts',
        find: 'parseStamp(reply.stamp), settlements',
        replace: 'undefined, settlements',
      },
    ],
  },
  {
    name: 'a checkpoint of the same id is made again',
    edits: [
      {
        file: 'src/checkpoint/checkpoint-transition.ts',
        find: 'if (state !== undefined && record.checkpointId <= state.checkpointId) {',
        replace: 'if (state !== undefined && record.checkpointId < state.checkpointId) {',
      },
    ],
  },
  {
    name: 'the manifest is published before its chunks are there',
    edits: [
      {
        file: 'src/stores/tidemark/chunk-uploads.ts',
        find: 'this.#sent.set(name, sent);\n      return sent;',
        replace: `this.#sent.set(name, sent);
          const stored = { codec: 'none', storedBytes: bytes.length };
          return ok({ sha256: name, sizeBytes: bytes.length, name, ...stored });`,
      },
      {
        file: 'src/stores/tidemark/chunk-uploads.ts',
        find: "import type { Result, ResultAsync } from 'neverthrow';",
        replace: "import { ok } from 'neverthrow';",
      },
    ],
  },
  {
    name: 'the base is looked at before it is named',
    edits: [
      {
        file: save,
        find: 'const begun = await putBegun(',
        replace: `this.early = base === undefined ? ok(undefined) : await readBase(layout, base, this.#parts.key, this.#signal);
          const begun = await putBegun(`,
      },
      {
        file: save,
        find: 'base === undefined || !swept.value ? ok(undefined) : await readBase(layout, base, key, this.#signal);',
        replace: 'this.early;',
      },
    ],
  },
  {
    name: 'pieces of the base are known by their length alone',
    edits: [
      {
        file: 'src/stores/tidemark/reusable-pieces.ts',
        find: 'find(sha256: string, length: number): Piece | undefined {',
        replace: `find(sha256, length) {
          for (const { pieces } of this.#files) for (const piece of pieces) if (piece.length === length) return piece;`,
      },
    ],
  },
  {
    name: 'the last piece of a file that has grown is taken for a whole one',
    edits: [
      {
        file: 'src/stores/tidemark/vouched-files.ts',
        find: 'piece.length === Math.min(chunkSizeBytes, sizeBytes - at)',
        replace: 'piece.length <= Math.min(chunkSizeBytes, sizeBytes - at)',
      },
    ],
  },
  {
    name: 'a file that has grown or shrunk is taken for the same',
    edits: [
      {
        file: 'src/stores/tidemark/vouched-files.ts',
        find: 'inBase.sizeBytes === sizeBytes && !readEverything',
        replace: 'inBase.sizeBytes >= 0 && !readEverything',
      },
    ],
  },
  {
    name: 'a file of the same name is taken for the same, whatever its version',
    edits: [
      {
        file: 'src/stores/tidemark/reusable-pieces.ts',
        find: 'return file?.version === version ? file : undefined;',
        replace: 'return version === undefined ? undefined : file;',
      },
    ],
  },
  {
    name: 'what follows an unread piece is read from the beginning of the file',
    edits: [
      {
        file: 'src/stores/tidemark/store-files.ts',
        find: 'reader.fill(bytes, at)',
        replace: 'reader.fill(bytes)',
      },
    ],
  },
  {
    name: 'the broker keeps the version of a file that it replaces',
    edits: [
      {
        file: 'examples/ledger/partition-source.ts',
        find: 'files: [this.#disk.backupFile(path, { version })],',
        replace: 'files: [this.#disk.backupFile(path, { version: this.#incarnation })],',
      },
    ],
  },
  {
    name: 'an attempt publishes without a look at its fence',
    edits: [
      {
        file: save,
        find: "if (sealed.value === 'failed' || isOwn.some(({ kind }) => kind === 'failed'))",
        replace: 'if (false)',
      },
      { file: save, find: 'if (!entry.value || isOwn.length === 0)', replace: 'if (false)' },
    ],
  },
  {
    name: 'a stale leader takes the seal of its successor for its own',
    edits: [
      {
        file: 'src/stores/tidemark/attempt-objects.ts',
        find: 'if (put.isOk()) return ok(ending);',
        replace: "if (put.isOk() || put.error.name === 'ObjectAlreadyExists') return ok(ending);",
      },
    ],
  },
  {
    name: 'a request that is tried again takes what is there for its own',
    edits: [
      {
        file: 'src/objects/retrying-storage.ts',
        find: 'return Buffer.compare(stored.value, body) === 0 ? ok(undefined) : otherwise',
        replace: 'return ok(undefined)',
      },
      {
        file: 'src/objects/retrying-storage.ts',
        find: 'if (stored.isOk()) return',
        replace: 'if (stored.isOk() || otherwise) return',
      },
    ],
  },
  {
    name: 'an id that was used is used again',
    edits: [
      { file: save, find: 'if (used.value.length > 0) {', replace: 'if (false) {' },
      {
        file: attempt,
        find: "if (best?.statusCode === 'COMPLETED') return ok('already-completed');",
        replace: '',
      },
      { file: attempt, find: 'if (best !== undefined) return err(', replace: 'if (false) return err(' },
    ],
  },
  {
    name: 'no sign of life is given',
    edits: [{ file: save, find: 'this.#heartbeat.start();', replace: '' }],
  },
  {
    name: 'files are pinned after the store was asked',
    edits: [
      {
        file: attempt,
        find: '() => untilAborted(signal, () => reserve(components), release),',
        replace: `() => untilAborted(signal, () => components.store
          .list({ checkpointId: options.id.checkpointId }, { signal })
          .andThen(() => reserve(components)), release),`,
      },
    ],
  },
  {
    name: 'pins are kept when an attempt fails',
    edits: [
      {
        file: 'src/core/result.ts',
        find: 'const used = await use(acquired.value);',
        replace: 'const used = await use(acquired.value); var failed = used.isErr();',
      },
      {
        file: 'src/core/result.ts',
        find: 'await release(acquired.value);',
        replace: 'if (!failed) await release(acquired.value);',
      },
    ],
  },
  {
    name: 'an attempt has no deadline',
    edits: [
      {
        file: attempt,
        find: 'const timeoutMs = settings.deadlineMs ?? BACKUP_DEADLINE_MS;',
        replace: 'const timeoutMs = 1e9;',
      },
    ],
  },
  {
    name: 'the log is cut one record too late',
    edits: [
      {
        file: attempt,
        find: 'segment.upTo(checkpoint.position)',
        replace: 'segment.upTo(checkpoint.position + 1n)',
      },
    ],
  },
  {
    name: 'the log is cut one record too early',
    edits: [
      {
        file: attempt,
        find: 'segment.upTo(checkpoint.position)',
        replace: 'segment.upTo(checkpoint.position - 1n)',
      },
    ],
  },
  {
    name: 'a snapshot from behind the checkpoint is chosen',
    edits: [
      {
        file: 'src/partition/backup-selection.ts',
        find: 'snapshot.position < checkpointPosition',
        replace: 'snapshot.position >= 0n',
      },
    ],
  },
  {
    name: 'a segment of the log is left out',
    edits: [
      {
        file: 'src/partition/backup-selection.ts',
        find: 'segment.lastPosition >= from && segment.firstPosition <= to',
        replace: 'segment.lastPosition > from + 2n && segment.firstPosition <= to',
      },
      {
        file: 'src/partition/backup-selection.ts',
        find: 'if (segment.firstPosition > next) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'a delete takes the chunks with it',
    edits: [
      {
        file: 'src/stores/tidemark/delete-backup.ts',
        find: 'const steps = [',
        replace: `const all = await storage.list('partitions/' + id.partitionId + '/chunks/', { signal });
          if (all.isOk()) await storage.delete(all.value.objects.map(({ key }) => key), { signal });
          const steps = [`,
      },
    ],
  },
  {
    name: 'a sweep does not look for running attempts',
    edits: [
      {
        file: 'src/stores/tidemark/free-garbage.ts',
        find: "if (id !== undefined) this.#hindrance = { kind: 'attempt', id };",
        replace: 'if (false) {}',
      },
    ],
  },
  {
    name: 'a save does not wait for a sweep',
    edits: [
      {
        file: 'src/stores/tidemark/sweep-announcement.ts',
        find: 'if (running.value.counting.length === 0) return ok(true);',
        replace: 'return ok(true);',
      },
    ],
  },
  {
    name: 'a sweep does not look again at the manifests',
    edits: [
      {
        file: 'src/stores/tidemark/free-garbage.ts',
        find: 'const read = await readAgain();',
        replace: 'const read = ok();',
      },
    ],
  },
  {
    name: 'marking as failed removes what was completed',
    edits: [
      {
        file: 'src/stores/tidemark/mark-failed.ts',
        find: "...markers.value.filter(({ kind }) => kind === 'begun')",
        replace: "...markers.value.filter(({ kind }) => kind !== 'failed')",
      },
    ],
  },
  {
    name: 'one completed partition makes the cluster COMPLETED',
    edits: [
      {
        file: 'src/cluster/fold-states.ts',
        find: "codes.includes('IN_PROGRESS') ? 'IN_PROGRESS' : 'COMPLETED'",
        replace: "codes.includes('COMPLETED') ? 'COMPLETED' : 'IN_PROGRESS'",
      },
    ],
  },
  {
    name: 'partitions without a backup are not counted',
    edits: [
      {
        file: 'src/cluster/fold-states.ts',
        find: "if (codes.length === 0 || codes.includes('DOES_NOT_EXIST')) {",
        replace: "if (codes.every((code) => code === 'DOES_NOT_EXIST')) {",
      },
    ],
  },
  {
    name: 'a restore looks at the partitions of its own node alone',
    edits: [
      {
        file: 'src/restore/restore-plan.ts',
        find: "if (partitions.some((partition) => partition.statusCode !== 'COMPLETED')) {",
        replace: "if (partitionIds.some((id) => partitions[id - 1].statusCode !== 'COMPLETED')) {",
      },
    ],
  },
  {
    name: 'a restored file is not synced',
    edits: [{ file: 'src/runtime/directory-restore-staging.ts', find: 'await out.sync();', replace: '' }],
  },
  {
    name: 'the names of restored files are not synced',
    edits: [
      {
        file: 'src/runtime/directory-restore-staging.ts',
        find: 'for (const path of directories.sort((a, b) => b.length - a.length)) await this.#disk.syncDirectory(path);',
        replace: '',
      },
    ],
  },
  ...POINT_BUGS,
];

/** Whether it shows in runs with markers alone. */
export function isPointBug(name: string): boolean {
  return PLANTED_BUGS.some((bug) => bug.name === name && bug.pointsInTime === true);
}
