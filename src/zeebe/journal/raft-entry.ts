// What a journal record carries: one raft entry. An SBE RaftLogEntry (term, type), and for applications an
// SBE ApplicationEntry (lowest and highest position) followed by a batch of log records.
import { err, ok, type Result } from 'neverthrow';
import { type LogPosition, logPosition } from '../../core/ids.ts';
import { readSbeHeader, SBE_HEADER_BYTES, type SbeMessage, sbeMismatch, viewOf } from '../sbe-header.ts';

const ENTRY: SbeMessage = { name: 'raft log entry', schemaId: 8, templateId: 1, blockLength: 9 };
const APPLICATION: SbeMessage = { name: 'application entry', schemaId: 8, templateId: 2, blockLength: 16 };
const CONFIGURATION: SbeMessage = { name: 'configuration entry', schemaId: 8, templateId: 4, blockLength: 8 };

export type RaftEntry = ApplicationEntry | InternalEntry;

/** Log records of the partition, with their positions: `lowest` to `highest` without a gap. */
export interface ApplicationEntry {
  readonly type: 'application';
  readonly term: bigint;
  readonly lowestPosition: LogPosition;
  readonly highestPosition: LogPosition;
  /** See record-batch.ts. */
  readonly batch: Uint8Array;
}

/** What raft itself writes. It has no position. */
export interface InternalEntry {
  readonly type: 'configuration' | 'initial';
  readonly term: bigint;
}

/** Reads the data of a journal record. Errors tell what is wrong with it. */
export function parseRaftEntry(data: Uint8Array): Result<RaftEntry, string> {
  const view = viewOf(data);
  const entry = messageAt(view, 0, ENTRY);
  if (entry.isErr()) return err(entry.error);
  const term = view.getBigUint64(SBE_HEADER_BYTES, true);
  const type = view.getUint8(SBE_HEADER_BYTES + 8);
  const bodyAt = entry.value;
  if (type === 2) return ok({ type: 'initial', term });
  if (type === 1) return messageAt(view, bodyAt, CONFIGURATION).map(() => ({ type: 'configuration', term }));
  if (type !== 0) return err(`unknown type of raft entry: ${type}`);

  const application = messageAt(view, bodyAt, APPLICATION);
  if (application.isErr()) return err(application.error);
  const lowest = view.getBigInt64(bodyAt + SBE_HEADER_BYTES, true);
  const highest = view.getBigInt64(bodyAt + SBE_HEADER_BYTES + 8, true);
  if (lowest < 1n || highest < lowest)
    return err(`impossible positions: lowest=${lowest} highest=${highest}`);
  const batchAt = application.value + 4;
  if (data.byteLength < batchAt) return err('the application entry is cut');
  const length = view.getUint32(application.value, true);
  if (batchAt + length > data.byteLength) return err('the application entry is cut');
  return ok({
    type: 'application',
    term,
    lowestPosition: logPosition(lowest),
    highestPosition: logPosition(highest),
    batch: data.subarray(batchAt, batchAt + length),
  });
}

/** Checks the message at an offset and gives the offset behind its block. */
function messageAt(view: DataView, offset: number, message: SbeMessage): Result<number, string> {
  if (view.byteLength < offset + SBE_HEADER_BYTES) return err(`the ${message.name} is cut`);
  const header = readSbeHeader(view, offset);
  const mismatch = sbeMismatch(header, message);
  if (mismatch !== undefined) return err(mismatch);
  const end = offset + SBE_HEADER_BYTES + header.blockLength;
  return view.byteLength < end ? err(`the ${message.name} is cut`) : ok(end);
}
