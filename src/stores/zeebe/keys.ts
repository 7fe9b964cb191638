// The keys of Zeebe's S3 layout, both generations of it. Numbers are plain decimals without padding, so a prefix
// always ends in a slash here: `1` would also find partition 10.
import type { BackupDescriptor, BackupFileKind, BackupId } from '../../core/backup.ts';
import { type CheckpointId, INT64_MAX, type PartitionId } from '../../core/ids.ts';

/**
 * Where the objects of a copy lie. `flat`: all in one directory, as Zeebe 8.1 to 8.8 write. `split`: manifests apart
 * from contents, as Zeebe writes from 8.9 on.
 */
export type CopyPlace = 'flat' | 'split';

/** Later first: where a copy has two manifests, Zeebe 8.9 believes that one. */
export const COPY_PLACES: readonly CopyPlace[] = ['split', 'flat'];

const FOLDERS: Record<BackupFileKind, string> = { snapshot: 'snapshot', segment: 'segments' };
const MANIFEST = /^(?:manifests\/)?(0|[1-9]\d{0,9})\/([1-9]\d{0,18})\/(0|[1-9]\d{0,9})\/manifest\.json$/;

/** Partitions, nodes and counts have 32 bits in Zeebe. */
export const INT32_MAX = 2 ** 31 - 1;

/** The place that Zeebe of this version writes to. Whatever is no version of Zeebe writes `flat`. */
export function placeOf({ brokerVersion }: Pick<BackupDescriptor, 'brokerVersion'>): CopyPlace {
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+/.exec(brokerVersion) ?? [];
  const isLater = Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 9);
  return isLater ? 'split' : 'flat';
}

/** Begins the keys of all manifests of a place. Empty for `flat`: other keys begin so as well. */
export function manifestsRoot(place: CopyPlace): string {
  return place === 'flat' ? '' : 'manifests/';
}

export function manifestKey(place: CopyPlace, id: BackupId): string {
  return `${manifestsRoot(place)}${directoryOf(id)}manifest.json`;
}

/** Begins the keys of all files of a place, as the other does of its manifests. */
export function contentsRoot(place: CopyPlace): string {
  return place === 'flat' ? '' : 'contents/';
}

/** Begins the keys of all files of a copy; in a `flat` place that of the manifest too. */
export function contentsPrefix(place: CopyPlace, id: BackupId): string {
  return `${contentsRoot(place)}${directoryOf(id)}`;
}

export function fileKey(place: CopyPlace, id: BackupId, kind: BackupFileKind, name: string): string {
  return `${contentsPrefix(place, id)}${FOLDERS[kind]}/${name}`;
}

/** A key behind all files of a copy that lie beside its manifest, and before the next copy. */
export function behindFiles(manifest: string): string {
  return `${manifest.slice(0, -'manifest.json'.length)}~`;
}

/** Whose manifest it is, or undefined for any other key, as that of a file which is called manifest.json too. */
export function parseManifestKey(key: string): BackupId | undefined {
  const [, partition, checkpoint, node] = MANIFEST.exec(key) ?? [];
  if (partition === undefined || checkpoint === undefined || node === undefined) return undefined;
  const id = BigInt(checkpoint);
  const partitionId: PartitionId = Number(partition);
  const nodeId = Number(node);
  if (id > INT64_MAX || partitionId > INT32_MAX || nodeId > INT32_MAX) return undefined;
  return { checkpointId: id as CheckpointId, partitionId, nodeId };
}

function directoryOf({ partitionId, checkpointId, nodeId }: BackupId): string {
  return `${partitionId}/${checkpointId}/${nodeId}/`;
}
