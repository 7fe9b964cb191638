// Two backups of two partitions of a small Zeebe in its own layout. What Zeebe keeps by way of checksums is all there is.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { LocatedFinding } from '../../src/cli/verify/locate-finding.ts';
import { verifyZeebe } from '../../src/cli/verify/verify-copy.ts';
import type { PartitionBackup } from '../../src/core/backup.ts';
import { isBackupError } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { ZeebeRestoreTarget } from '../../src/zeebe/zeebe-restore-target.ts';
import { keys } from '../stores/damage.ts';
import { CHECKPOINT, FIRST, SECOND, samplePartition, segmentFiles } from '../zeebe/sample-partition.ts';
import type { Damage } from './damages.ts';
import type { Place } from './matrix.ts';

const PARTITIONS = [1, 2];
const PREVIOUS = checkpointId(6);
const SUBJECT = CHECKPOINT.checkpointId;

function backupOf(partitionId: number, id: bigint): PartitionBackup {
  const { descriptor, snapshotFiles } = samplePartition();
  const isLater = id === SUBJECT;
  return {
    id: { checkpointId: checkpointId(id), partitionId, nodeId: 0 },
    term: 1n,
    descriptor: { ...descriptor, numberOfPartitions: PARTITIONS.length },
    snapshotFiles,
    // The log of the earlier one had not come so far: nothing stood in its second segment.
    segmentFiles: segmentFiles(partitionId).map((file) =>
      !isLater && file.name.endsWith('-9.log') ? bytesFile(file.name, new Uint8Array(8192)) : file,
    ),
  };
}

export async function zeebePlace(): Promise<{ place: Place; objects: Map<string, Uint8Array> }> {
  const clock = new ManualClock();
  const storage = new MemoryObjectStorage({ clock });
  const random = { hex: (bytes: number) => '5'.repeat(2 * bytes), fraction: () => 0 };
  const store = () => new ZeebeBackupStore({ storage, clock, random });
  for (const id of [PREVIOUS, SUBJECT]) {
    for (const partitionId of PARTITIONS) (await store().save(backupOf(partitionId, id)))._unsafeUnwrap();
    await clock.advance(1_000);
  }
  const objects = new Map<string, Uint8Array>();
  for (const key of await keys(storage)) objects.set(key, (await storage.get(key))._unsafeUnwrap());
  const place: Place = {
    storage,
    store,
    checkpointId: SUBJECT,
    partitions: PARTITIONS.length,
    verifyCopy: verifyZeebe,
    restore: () => restore(store(), clock),
    kindOf,
    isOfSubject,
    names,
    isNoticedElsewhere: (key) => /manifest\.json$|\.log$/.test(key),
    partitionOf: (key) => Number(key.split('/')[0]),
    olderOf: (key) => (isOfSubject(key) ? key.replace(/^(\d+)\/7\//, '$1/6/') : undefined),
    excuse,
  };
  return { place, objects };
}

function isOfSubject(key: string): boolean {
  return key.split('/')[1] === String(SUBJECT);
}

function kindOf(key: string): string {
  if (!isOfSubject(key)) return 'object of another backup';
  if (key.endsWith('/manifest.json')) return 'manifest';
  if (key.endsWith('.checksum')) return 'checksums of the snapshot';
  return key.includes('/segments/') ? 'segment' : 'file of the snapshot';
}

/** What does no harm, and why. */
function excuse(key: string, damage: Damage, bytes: Uint8Array): string | undefined {
  if (!isOfSubject(key)) return 'an object of another backup';
  if (damage.bytes === undefined || damage.how === 'swapped') return undefined;
  if (key.endsWith('-10.log')) return 'a segment behind the checkpoint: a restore cuts it off';
  if (key.endsWith('-9.log') && damage.at >= (SECOND.offsets[2] ?? 0))
    return 'behind the checkpoint: a restore writes zeros there, up to the full size';
  if (key.endsWith('-8.log') && damage.at > (FIRST.offsets.at(-1) ?? 0))
    return 'behind the last record of a segment: nobody reads that';
  if (key.endsWith('.checksum')) return excuseOfChecksums(damage, bytes);
  if (key.endsWith('manifest.json')) return excuseOfManifest(damage, bytes);
  return undefined;
}

function excuseOfChecksums({ bytes: now }: Damage, before: Uint8Array): string | undefined {
  const isSame = JSON.stringify(checksumsIn(now)) === JSON.stringify(checksumsIn(before));
  return isSame ? 'a comment, a space, the case of a digit or a repetition among the checksums' : undefined;
}

/** What a reader takes from a checksum file: names and numbers. */
function checksumsIn(bytes: Uint8Array = new Uint8Array()): readonly (readonly string[])[] {
  const found = new Map<string, string>();
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    const [, name, number] = /^([^;\s]\S*)\s+([0-9a-f]+)$/i.exec(line) ?? [];
    if (name !== undefined && number !== undefined) found.set(name, number.toLowerCase());
  }
  return [...found];
}

function excuseOfManifest({ at, how }: Damage, before: Uint8Array): string | undefined {
  const text = Buffer.from(before).toString();
  const field = /"(\w+)":\s*"[^"]*$/.exec(text.slice(0, at))?.[1] ?? '';
  const isFree = ['createdAt', 'modifiedAt', 'brokerVersion'].includes(field);
  return how === 'bit flipped' && isFree ? 'a time, or the free text of a version' : undefined;
}

/** By the object's name, or by what it is to the one that is named. */
function names(key: string, { object, what }: LocatedFinding): boolean {
  if (object.endsWith(`/${key}`) || what.includes(key.slice(key.lastIndexOf('/') + 1))) return true;
  return key.endsWith('.checksum') && what.includes('the checksum file');
}

async function restore(store: ZeebeBackupStore, clock: ManualClock) {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-corruption-'));
  try {
    const target = new ZeebeRestoreTarget({ directory });
    const settings = { partitionIds: PARTITIONS, partitionsCount: PARTITIONS.length };
    const restoring = new RestoreManager({ store, target, clock, logger: silentLogger }, settings);
    const restored = await restoring.restore(SUBJECT);
    const found = await contentOf(directory);
    if (restored.isOk()) return found;
    if (!isBackupError(restored.error)) throw new Error('the error has no type');
    if (Object.keys(found).length > 0) throw new Error(`the target was touched: ${Object.keys(found)}`);
    return restored.error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What a broker reads there: of a segment its records, of a checksum file its numbers, all else byte by byte. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? await readFile(path) : Buffer.alloc(0);
    found[relative(directory, path)] = readByBroker(entry.name, bytes);
  }
  return found;
}

function readByBroker(name: string, bytes: Buffer): string {
  if (name.endsWith('.checksum')) return JSON.stringify(checksumsIn(bytes));
  if (name.endsWith('-8.log')) return bytes.subarray(0, FIRST.offsets.at(-1)).toString('base64');
  if (name.endsWith('.log')) return bytes.toString('latin1').replace(/\0+$/, '');
  return bytes.toString('base64');
}
