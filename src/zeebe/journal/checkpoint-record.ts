// Log records about checkpoints: value type 254; CREATE is a command, CREATED and IGNORED are events. Their
// value is a MsgPack map with `id` and `position`; keys of later releases are skipped.
import { err, ok, type Result } from 'neverthrow';
import { readIntegers } from '../message-pack.ts';
import type { LogRecord } from './record-batch.ts';

const CHECKPOINT = 254;
const INTENTS = ['CREATE', 'CREATED', 'IGNORED'] as const;

export interface CheckpointRecord {
  readonly intent: (typeof INTENTS)[number];
  /** The id as it stands in the record. */
  readonly checkpointId: bigint;
  /** The position of the checkpoint; -1 in a CREATE, which is itself the position. */
  readonly checkpointPosition: bigint;
}

/** The checkpoint record in a log record; undefined when it is about something else. */
export function parseCheckpointRecord(record: LogRecord): Result<CheckpointRecord | undefined, string> {
  const { valueType, recordType } = record.metadata;
  const intent = INTENTS[record.metadata.intent];
  if (valueType !== CHECKPOINT || intent === undefined) return ok(undefined);
  if (recordType !== (intent === 'CREATE' ? 'COMMAND' : 'EVENT')) return ok(undefined);
  const integers = readIntegers(record.value);
  if (integers.isErr())
    return err(`the checkpoint at position ${record.position} is unreadable: ${integers.error}`);
  return ok({
    intent,
    checkpointId: integers.value.get('id') ?? -1n,
    checkpointPosition: integers.value.get('position') ?? -1n,
  });
}
