// The names of all objects in the native layout, made and read in one place. Pure: a name that is not ours
// reads as undefined and is left alone, so that later versions may add names.
import type { BackupId } from '../../core/backup.ts';
import { type CheckpointId, INT64_MAX, type NodeId, type PartitionId } from '../../core/ids.ts';

/**
 * What an object in a copy's directory says. In alphabetical order on purpose; the format document says
 * why.
 */
export type MarkerKind = 'begun' | 'completed' | 'failed';

/** One try to save a copy. `text` is its name: `<term>-<startedAtMs>-<8 hex>`. */
export interface Attempt {
  readonly text: string;
  readonly term: bigint;
  /** Milliseconds since 1970, by the writer's clock. */
  readonly startedAtMs: number;
}

export const IDENTITY_KEY = 'cluster.json';
export const BACKUPS_PREFIX = 'backups/';

const NUMBER = '(0|[1-9]\\d{0,9})';
const MARKER = new RegExp(
  `^backups/(\\d{19})/${NUMBER}/(begun|completed|failed)\\.${NUMBER}\\.([0-9a-f-]+)$`,
);
const ENTRY = new RegExp(`^partitions/${NUMBER}/attempts/(\\d{19})\\.${NUMBER}\\.([0-9a-f-]+?)(\\.seal)?$`);
const CHUNK = new RegExp(`^partitions/${NUMBER}/chunks/([0-9a-f]{2})/([0-9a-f]{64})$`);
const PARTITION = new RegExp(`^partitions/${NUMBER}/`);
const ATTEMPT = /^(0|[1-9]\d{0,18})-(0|[1-9]\d{0,14})-([0-9a-f]{8})$/;

/** Whole milliseconds, whatever the clock gives: a name that cannot be read back would hide the backup. */
export function newAttempt(term: bigint, nowMs: number, nonce: string): Attempt {
  const startedAtMs = Math.max(0, Math.floor(nowMs));
  return { text: `${term}-${startedAtMs}-${nonce}`, term, startedAtMs };
}

export function parseAttempt(text: string): Attempt | undefined {
  const [, term, startedAtMs] = ATTEMPT.exec(text) ?? [];
  if (term === undefined || startedAtMs === undefined) return undefined;
  return { text, term: BigInt(term), startedAtMs: Number(startedAtMs) };
}

/** Orders attempts of one copy: by term, then by start, then by name. Positive when `a` outranks `b`. */
export function compareAttempts(a: Attempt, b: Attempt): number {
  if (a.term !== b.term) return a.term > b.term ? 1 : -1;
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs - b.startedAtMs;
  if (a.text === b.text) return 0;
  return a.text > b.text ? 1 : -1;
}

export function checkpointPrefix(checkpointId: CheckpointId): string {
  return `backups/${inverted(checkpointId)}/`;
}

/** All copies of one partition backup, by any node. */
export function copiesPrefix(checkpointId: CheckpointId, partitionId: PartitionId): string {
  return `${checkpointPrefix(checkpointId)}${partitionId}/`;
}

/**
 * A listing of backups that starts after this holds only checkpoints below `checkpointId`: `0` sorts behind
 * `/`.
 */
export function behindCheckpoint(checkpointId: CheckpointId): string {
  return `backups/${inverted(checkpointId)}0`;
}

export function markerKey(kind: MarkerKind, id: BackupId, attempt: Attempt): string {
  return `${copiesPrefix(id.checkpointId, id.partitionId)}${kind}.${id.nodeId}.${attempt.text}`;
}

export function parseMarkerKey(
  key: string,
): { readonly id: BackupId; readonly kind: MarkerKind; readonly attempt: Attempt } | undefined {
  const [, inv, partition, kind, node, text] = MARKER.exec(key) ?? [];
  const id = backupId(inv, partition, node);
  const attempt = text === undefined ? undefined : parseAttempt(text);
  if (id === undefined || attempt === undefined) return undefined;
  return { id, kind: kind as MarkerKind, attempt };
}

/** The index of a partition's unsettled attempts. */
export function entriesPrefix(partitionId: PartitionId): string {
  return `partitions/${partitionId}/attempts/`;
}

/** The part of that index that belongs to one copy. */
export function entriesOfCopyPrefix(id: BackupId): string {
  return `${entriesPrefix(id.partitionId)}${inverted(id.checkpointId)}.${id.nodeId}.`;
}

export function entryKey(id: BackupId, attempt: Attempt): string {
  return `${entriesOfCopyPrefix(id)}${attempt.text}`;
}

/**
 * What the writer and whoever calls the attempt off both try to create: the first one decides how it ends.
 */
export function sealKey(id: BackupId, attempt: Attempt): string {
  return `${entryKey(id, attempt)}.seal`;
}

export interface ParsedEntry {
  readonly id: BackupId;
  readonly attempt: Attempt;
  readonly kind: 'entry' | 'seal';
}

export function parseEntryKey(key: string): ParsedEntry | undefined {
  const [, partition, inv, node, text, seal] = ENTRY.exec(key) ?? [];
  const id = backupId(inv, partition, node);
  const attempt = text === undefined ? undefined : parseAttempt(text);
  if (id === undefined || attempt === undefined) return undefined;
  return { id, attempt, kind: seal === undefined ? 'entry' : 'seal' };
}

export function chunkKey(partitionId: PartitionId, name: string): string {
  return `partitions/${partitionId}/chunks/${name.slice(0, 2)}/${name}`;
}

export const PARTITIONS_PREFIX = 'partitions/';

export function chunksPrefix(partitionId: PartitionId): string {
  return `partitions/${partitionId}/chunks/`;
}

/** The name of the chunk under this key. */
export function parseChunkKey(key: string): string | undefined {
  const [, , folder, name] = CHUNK.exec(key) ?? [];
  return folder !== undefined && name?.startsWith(folder) ? name : undefined;
}

/** What sweeps of a partition put down while they may delete. */
export function sweepsPrefix(partitionId: PartitionId): string {
  return `partitions/${partitionId}/sweeps/`;
}

export function sweepKey(partitionId: PartitionId, nowMs: number, nonce: string): string {
  return `${sweepsPrefix(partitionId)}${Math.max(0, Math.floor(nowMs))}-${nonce}`;
}

/** The partition that an object under `partitions/` belongs to. */
export function partitionOfKey(key: string): PartitionId | undefined {
  const [, partition] = PARTITION.exec(key) ?? [];
  return partition === undefined ? undefined : Number(partition);
}

/** A listing that starts after this holds nothing of that partition any more: `0` sorts behind `/`. */
export function behindPartition(key: string): string {
  const [partition = ''] = key.slice(PARTITIONS_PREFIX.length).split('/');
  return `${PARTITIONS_PREFIX}${partition}0`;
}

export const LABELS_PREFIX = 'labels/';

const LABEL_NAME = '[a-z0-9][a-z0-9._-]{0,62}';
const LABEL_VALUE = '[A-Za-z0-9._:+@-]{0,127}';
const LABEL = new RegExp(`^labels/(\\d{19})/(${LABEL_NAME})=(${LABEL_VALUE})$`);

export function labelsPrefix(checkpointId: CheckpointId): string {
  return `${LABELS_PREFIX}${inverted(checkpointId)}/`;
}

/** The key of a label, or undefined when a name or a value cannot be one. */
export function labelKey(checkpointId: CheckpointId, name: string, value: string): string | undefined {
  const key = `${labelsPrefix(checkpointId)}${name}=${value}`;
  return LABEL.test(key) ? key : undefined;
}

export function parseLabelKey(
  key: string,
): { readonly checkpointId: CheckpointId; readonly name: string; readonly value: string } | undefined {
  const [, inv, name, value] = LABEL.exec(key) ?? [];
  const id = backupId(inv, '0', '0');
  if (id === undefined || name === undefined || value === undefined) return undefined;
  return { checkpointId: id.checkpointId, name, value };
}

export const KEYS_PREFIX = 'keys/';

const KEY_ID = '[a-z0-9][a-z0-9._-]{0,62}';

/** A data key, as one key of the operator wraps it. */
export function wrappedKeyKey(dataKeyId: string, keyId: string): string {
  return `${KEYS_PREFIX}${dataKeyId}/${keyId}`;
}

export function parseWrappedKeyKey(
  key: string,
): { readonly dataKeyId: string; readonly keyId: string } | undefined {
  const [, dataKeyId, keyId] = WRAPPED_KEY.exec(key) ?? [];
  return dataKeyId === undefined || keyId === undefined ? undefined : { dataKeyId, keyId };
}

const WRAPPED_KEY = new RegExp(`^keys/([0-9a-f]{32})/(${KEY_ID})$`);

/** Whether an operator may call a key so. */
export function isKeyId(text: string): boolean {
  return new RegExp(`^${KEY_ID}$`).test(text);
}

export const HOLDS_PREFIX = 'holds/';

export function holdKey(checkpointId: CheckpointId): string {
  return `${HOLDS_PREFIX}${inverted(checkpointId)}`;
}

/** The backup that this object holds. */
export function parseHoldKey(key: string): CheckpointId | undefined {
  const [, inv] = /^holds\/(\d{19})$/.exec(key) ?? [];
  return backupId(inv, '0', '0')?.checkpointId;
}

function inverted(checkpointId: CheckpointId): string {
  return String(INT64_MAX - checkpointId).padStart(19, '0');
}

function backupId(
  inv: string | undefined,
  partition: string | undefined,
  node: string | undefined,
): BackupId | undefined {
  if (inv === undefined || partition === undefined || node === undefined) return undefined;
  const id = INT64_MAX - BigInt(inv);
  if (id <= 0n) return undefined;
  const partitionId: PartitionId = Number(partition);
  const nodeId: NodeId = Number(node);
  return { checkpointId: id as CheckpointId, partitionId, nodeId };
}
