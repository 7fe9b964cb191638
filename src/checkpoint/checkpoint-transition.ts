// The checkpoint protocol as a pure function: what a CREATE command does to a partition's checkpoint state.
import type { CheckpointType } from '../core/checkpoint.ts';
import type { CheckpointId, LogPosition } from '../core/ids.ts';
import type { CheckpointState } from '../ports/partition.ts';

/** A CREATE command as it stands in the log: the id and type it asks for, its own position and time. */
export interface CreateCheckpointRecord {
  readonly checkpointId: CheckpointId;
  readonly position: LogPosition;
  /** Absent, as in old records, is `backup`. */
  readonly type?: CheckpointType | undefined;
  /** When the record was appended: milliseconds since 1970. Without it nobody can restore to it by time. */
  readonly timestamp?: number | undefined;
}

/**
 * What came of a CREATE command. CREATED carries the new checkpoint; IGNORED carries the one that stands, which
 * is at or above the one asked for.
 */
export interface CheckpointEvent {
  readonly intent: 'CREATED' | 'IGNORED';
  readonly checkpointId: CheckpointId;
  readonly position: LogPosition;
  /** Absent is `backup`. */
  readonly type?: CheckpointType | undefined;
  readonly timestamp?: number | undefined;
}

/** A newer id makes a checkpoint at the record's position; any other is ignored. Never rejects. */
export function onCreate(
  state: CheckpointState | undefined,
  record: CreateCheckpointRecord,
): { readonly state: CheckpointState; readonly event: CheckpointEvent } {
  if (state !== undefined && record.checkpointId <= state.checkpointId) {
    return { state, event: { intent: 'IGNORED', ...state } };
  }
  const created = stateOf(record);
  return { state: created, event: { intent: 'CREATED', ...created } };
}

/**
 * What an event in the log does to the state when it is replayed: it rebuilds, and nothing else. An event that the
 * state (of a newer snapshot) holds already takes nothing back.
 */
export function onEvent(
  state: CheckpointState | undefined,
  event: CheckpointEvent,
): CheckpointState | undefined {
  if (event.intent === 'IGNORED') return state;
  if (state !== undefined && event.checkpointId <= state.checkpointId) return state;
  return stateOf(event);
}

/** What is absent stays so: a state reads back as it was written. */
function stateOf({ checkpointId, position, type, timestamp }: CreateCheckpointRecord): CheckpointState {
  return {
    checkpointId,
    position,
    ...(type === undefined ? {} : { type }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

/** Whether a command that carries `stamp` must have a checkpoint made before it enters this partition's log. */
export function mustCreateFirst(
  state: CheckpointState | undefined,
  stamp: CheckpointId | undefined,
): stamp is CheckpointId {
  return stamp !== undefined && (state === undefined || stamp > state.checkpointId);
}
