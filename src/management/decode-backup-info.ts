// Reads the answers of gateways of any version into the shapes of 8.2 and later. Fields it does not know are
// left alone; a field of the wrong kind is an error that says what came.
import { err, ok, type Result } from 'neverthrow';
import {
  BACKUP_STATUS_CODES,
  type BackupProgress,
  type BackupStatusCode,
  type ClusterBackupState,
} from '../core/status.ts';
import { dropUndefined } from './drop-undefined.ts';
import type { BackupInfo, PartitionBackupInfo } from './wire.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Reads one backup, in either shape. The error says which field is wrong. Integers must come as bigints. */
export function decodeBackupInfo(value: unknown): Result<BackupInfo, string> {
  const wrong: string[] = [];
  const info = readBackup(value, wrong);
  return wrong[0] === undefined ? ok(info) : err(wrong[0]);
}

/** Reads a list of backups. */
export function decodeBackupInfos(value: unknown): Result<BackupInfo[], string> {
  if (!Array.isArray(value)) return err(`expected a list, got ${show(value)}`);
  const wrong: string[] = [];
  const infos = value.map((item) => readBackup(item, wrong));
  return wrong[0] === undefined ? ok(infos) : err(wrong[0]);
}

/** A JSON object, or one without fields for anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function readBackup(value: unknown, wrong: string[]): BackupInfo {
  const fields = fieldsOf(value);
  const items = fields.details ?? fields.partitions;
  if (!Array.isArray(items)) wrong.push(`details is ${show(items)}`);
  const details = (Array.isArray(items) ? items : [])
    .map((item) => readPartition(item, wrong))
    .sort((a, b) => a.partitionId - b.partitionId);
  const state = readState(
    fields.state ?? fields.status,
    [...BACKUP_STATUS_CODES, 'INCOMPLETE', 'INCOMPATIBLE'],
    wrong,
  );
  // 8.1 has no INCOMPLETE, and says DOES_NOT_EXIST when a single partition lacks the backup.
  const partly =
    state === 'DOES_NOT_EXIST' && details.some((partition) => partition.state !== 'DOES_NOT_EXIST');
  return dropUndefined({
    backupId: required(integer(fields, 'backupId', wrong), 'backupId', wrong) ?? 0n,
    state: partly ? ('INCOMPLETE' as const) : state,
    failureReason: text(fields, 'failureReason', wrong),
    details,
  });
}

function readPartition(value: unknown, wrong: string[]): PartitionBackupInfo {
  const fields = fieldsOf(value);
  const described = { ...fields, ...fieldsOf(fields.description) };
  return dropUndefined({
    partitionId: required(smallInteger(fields, 'partitionId', wrong), 'partitionId', wrong) ?? 0,
    state: readState(fields.state ?? fields.status, BACKUP_STATUS_CODES, wrong),
    failureReason: text(fields, 'failureReason', wrong),
    createdAt: text(fields, 'createdAt', wrong) || undefined,
    lastUpdatedAt: text(fields, 'lastUpdatedAt', wrong) || undefined,
    snapshotId: text(described, 'snapshotId', wrong) || undefined,
    checkpointPosition: integer(described, 'checkpointPosition', wrong),
    brokerId: smallInteger(described, 'brokerId', wrong),
    brokerVersion: text(described, 'brokerVersion', wrong) || undefined,
    progress: readProgress(fields.progress, wrong),
  });
}

function readProgress(value: unknown, wrong: string[]): BackupProgress | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf(value);
  const count = (name: string) => required(smallInteger(fields, name, wrong), `progress.${name}`, wrong) ?? 0;
  const throttledMs = smallInteger(fields, 'throttledMs', wrong);
  const bytesUnread = smallInteger(fields, 'bytesUnread', wrong);
  return {
    ...(throttledMs === undefined ? {} : { throttledMs }),
    ...(bytesUnread === undefined ? {} : { bytesUnread }),
    filesDone: count('filesDone'),
    filesTotal: count('filesTotal'),
    bytesDone: count('bytesDone'),
    bytesTotal: count('bytesTotal'),
    bytesReused: count('bytesReused'),
  };
}

/** DELETED is what 8.9 and later call a backup whose files are going away. */
function readState<S extends ClusterBackupState | BackupStatusCode>(
  value: unknown,
  known: readonly S[],
  wrong: string[],
): S | 'DOES_NOT_EXIST' {
  if (value === 'DELETED') return 'DOES_NOT_EXIST';
  const state = known.find((code) => code === value);
  if (state === undefined) wrong.push(`state is ${show(value)}`);
  return state ?? 'DOES_NOT_EXIST';
}

function integer(fields: Fields, name: string, wrong: string[]): bigint | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
  wrong.push(`${name} is ${show(value)}`);
  return undefined;
}

/** One that a double holds exactly. */
function smallInteger(fields: Fields, name: string, wrong: string[]): number | undefined {
  const value = integer(fields, name, wrong);
  if (value === undefined || Number.isSafeInteger(Number(value)))
    return value === undefined ? value : Number(value);
  wrong.push(`${name} is ${show(value)}`);
  return undefined;
}

function text(fields: Fields, name: string, wrong: string[]): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  wrong.push(`${name} is ${show(value)}`);
  return undefined;
}

function required<T>(value: T | undefined, name: string, wrong: string[]): T | undefined {
  if (value === undefined) wrong.push(`${name} is missing`);
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  return typeof value === 'object' && value !== null ? 'an object or a list' : String(value).slice(0, 60);
}
