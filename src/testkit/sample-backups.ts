// Small partition backups to save and compare. The same arguments always make the same bytes.
import assert from 'node:assert/strict';
import type { BackupFile, PartitionBackup, StoredBackup } from '../core/backup.ts';
import { checkpointId, logPosition } from '../core/ids.ts';

/**
 * What may differ from the default: checkpoint 1, partition 1, node 0, term 1, two snapshot files, a
 * segment.
 */
export interface SampleBackupOptions {
  readonly checkpointId?: bigint | number;
  readonly partitionId?: number;
  readonly nodeId?: number;
  readonly term?: bigint;
  readonly snapshotFiles?: readonly BackupFile[];
  readonly segmentFiles?: readonly BackupFile[];
}

/** A partition backup. Its position does not fit in a double, and one of its files is empty. */
export function sampleBackup(options: SampleBackupOptions = {}): PartitionBackup {
  const id = checkpointId(options.checkpointId ?? 1);
  return {
    id: { checkpointId: id, partitionId: options.partitionId ?? 1, nodeId: options.nodeId ?? 0 },
    term: options.term ?? 1n,
    descriptor: {
      snapshotId: '17-3-20-18',
      checkpointPosition: logPosition(2n ** 53n + 1n),
      numberOfPartitions: 3,
      brokerVersion: '1.2.3-sample',
    },
    snapshotFiles: options.snapshotFiles ?? [
      sampleFile('000042.sst', 70_000, 42),
      sampleFile('CURRENT', 16, 7),
      sampleFile('LOCK', 0),
    ],
    segmentFiles: options.segmentFiles ?? [sampleFile('log-1.segment', 150_000, 1)],
  };
}

/** `sizeBytes` bytes that look random and depend on `seed` alone. */
export function sampleBytes(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < sizeBytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** A file with {@link sampleBytes}, or with the bytes given. */
export function sampleFile(name: string, content: number | Uint8Array, seed?: number): BackupFile {
  const bytes = typeof content === 'number' ? sampleBytes(content, seed) : content;
  return {
    name,
    sizeBytes: bytes.length,
    async *open() {
      const cut = Math.floor(bytes.length / 3);
      yield bytes.subarray(0, cut);
      yield bytes.subarray(cut);
    },
  };
}

/** A file that stops in its midst until it is let through: what a save does meanwhile can be looked at. */
export class GatedFile implements BackupFile {
  readonly name: string;
  readonly sizeBytes = 1_000;
  readonly #reached = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();

  constructor(name: string) {
    this.name = name;
  }

  /** Resolves once somebody has read as far as the gate. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  letThrough(): void {
    this.#gate.resolve();
  }

  async *open(): AsyncIterable<Uint8Array> {
    const bytes = sampleBytes(this.sizeBytes);
    yield bytes.subarray(0, 500);
    this.#reached.resolve();
    await this.#gate.promise;
    yield bytes.subarray(500);
  }
}

/** All bytes of a file. */
export async function readWhole(file: BackupFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of file.open()) parts.push(Uint8Array.from(part));
  return Uint8Array.from(Buffer.concat(parts));
}

/** Throws unless the stored backup is the saved one, byte for byte. */
export async function assertSameBackup(stored: StoredBackup, saved: PartitionBackup): Promise<void> {
  assert.deepEqual(stored.id, saved.id);
  assert.deepEqual(stored.descriptor, saved.descriptor);
  for (const kind of ['snapshotFiles', 'segmentFiles'] as const) {
    const byName = (a: BackupFile, b: BackupFile) => (a.name < b.name ? -1 : 1);
    const found = stored[kind].toSorted(byName);
    const expected = saved[kind].toSorted(byName);
    assert.deepEqual(
      found.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
      expected.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
      `${kind} have other names or sizes`,
    );
    for (const [index, file] of found.entries()) {
      const original = expected[index];
      assert.ok(original !== undefined);
      const isSame = Buffer.compare(await readWhole(file), await readWhole(original)) === 0;
      assert.ok(isSame, `${kind}: ${file.name} has other bytes`);
    }
  }
}
