// The file in which a restore notes what the data beside it came from: written with the data before that becomes
// visible, and never changed. A text that is no such note is nobody's word.
import type { CheckpointId, LogPosition } from '../core/ids.ts';
import { checkpointId, logPosition } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';

/** Beside the directories of the partitions. It begins with a dot, and no broker's partition does. */
export const RESTORE_NOTE = '.tidemark-restored.json';

/** Of 8,191 partitions it is half as large. */
export const RESTORE_NOTE_BYTES_MAX = 1024 * 1024;

const ABOUT = 'tidemark restored what lies beside this file. A broker may have changed it since.';
const VERSION = 1;

export function restoreNote(origin: RestoreOrigin): string {
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return `${JSON.stringify({ about: ABOUT, version: VERSION, ...origin }, text, 2)}\n`;
}

/** Undefined when the text is no note, or one of a version that is not known here. */
export function parseRestoreNote(text: string): RestoreOrigin | undefined {
  try {
    const note: unknown = JSON.parse(text);
    if (!isRecord(note) || note.version !== VERSION || !Array.isArray(note.partitions)) return undefined;
    const { time, clusterId, restoredAt } = note;
    if (!isTextOrAbsent(time) || !isTextOrAbsent(clusterId) || typeof restoredAt !== 'string')
      return undefined;
    return {
      backupId: idOf(note.backupId),
      checkpointId: idOf(note.checkpointId),
      ...(time === undefined ? {} : { time }),
      ...(clusterId === undefined ? {} : { clusterId }),
      restoredAt,
      partitions: note.partitions.map((partition: Record<string, unknown>) => ({
        partitionId: Number(partition.partitionId),
        nodeId: Number(partition.nodeId),
        position: positionOf(partition.position),
      })),
    };
  } catch {
    return undefined;
  }
}

function idOf(text: unknown): CheckpointId {
  return checkpointId(BigInt(text as string));
}

function positionOf(text: unknown): LogPosition {
  return logPosition(BigInt(text as string));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}
