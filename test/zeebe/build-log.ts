// Builds segment files byte by byte after the format, with nothing of the readers in it.
import { crc32c } from '@node-rs/crc32';
import type { BackupFile } from '../../src/core/backup.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';

/** One log record: a checkpoint's CREATE, or anything else. */
export type Log =
  | { readonly create: number; readonly timestamp?: number }
  | { readonly created: number; readonly at: number }
  | { readonly other: string };
/** One journal record: one of raft's own, or a batch of log records. */
export type Journal = 'initial' | readonly Log[];

export interface SegmentPlan {
  readonly id: number;
  readonly index: number;
  /** The position of the first log record in it. */
  readonly position: number;
  readonly records: readonly Journal[];
  readonly maxSize?: number;
  /** Default 2. */
  readonly schemaVersion?: 1 | 2;
}

export interface BuiltSegment {
  readonly bytes: Uint8Array;
  /** The offset of each record's frame, and behind the last one. */
  readonly offsets: readonly number[];
}

export function buildSegment(plan: SegmentPlan): BuiltSegment {
  const { id, index, records, maxSize = 8192, schemaVersion = 2 } = plan;
  const block = schemaVersion === 1 ? 20 : 32;
  const bytes = new Uint8Array(maxSize);
  const view = new DataView(bytes.buffer);
  bytes[0] = 2;
  header(view, 1, 8, 4, 7, schemaVersion);
  header(view, 17, block, 3, 7, schemaVersion);
  view.setBigInt64(25, BigInt(id), true);
  view.setBigInt64(33, BigInt(index), true);
  view.setInt32(41, maxSize, true);
  view.setBigInt64(9, BigInt(crc32c(bytes.subarray(17, 25 + block))), true);
  let at = 25 + block;
  let position = plan.position;
  const offsets = records.map((record, nth) => {
    const offset = at;
    const data = record === 'initial' ? raft(3, 2) : application(position, record);
    at += frame(bytes, at, index + nth, record === 'initial' ? -1 : position, data);
    if (record !== 'initial') position += record.length;
    return offset;
  });
  return { bytes, offsets: [...offsets, at] };
}

export function segmentFile(partitionId: number, n: number, bytes: Uint8Array): BackupFile {
  return bytesFile(`raft-partition-partition-${partitionId}-${n}.log`, bytes);
}

function header(
  view: DataView,
  at: number,
  block: number,
  template: number,
  schema: number,
  version: number,
) {
  for (const [nth, value] of [block, template, schema, version].entries()) {
    view.setUint16(at + 2 * nth, value, true);
  }
}

function frame(bytes: Uint8Array, at: number, index: number, asqn: number, data: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  bytes[at] = 1;
  header(view, at + 1, 12, 1, 7, 2);
  view.setInt32(at + 17, data.length + 28, true);
  header(view, at + 21, 16, 2, 7, 2);
  view.setBigUint64(at + 29, BigInt(index), true);
  view.setBigInt64(at + 37, BigInt(asqn), true);
  view.setUint32(at + 45, data.length, true);
  bytes.set(data, at + 49);
  view.setBigInt64(at + 9, BigInt(crc32c(bytes.subarray(at + 21, at + 49 + data.length))), true);
  return 49 + data.length;
}

function raft(term: number, type: number): Uint8Array {
  const bytes = new Uint8Array(17);
  const view = new DataView(bytes.buffer);
  header(view, 0, 9, 1, 8, 3);
  view.setBigUint64(8, BigInt(term), true);
  bytes[16] = type;
  return bytes;
}

function application(lowest: number, logs: readonly Log[]): Uint8Array {
  const batch = Buffer.concat(logs.map((log, nth) => logRecord(lowest + nth, log)));
  const bytes = new Uint8Array(45 + batch.length);
  const view = new DataView(bytes.buffer);
  bytes.set(raft(3, 0));
  header(view, 17, 16, 2, 8, 3);
  view.setBigUint64(25, BigInt(lowest), true);
  view.setBigUint64(33, BigInt(lowest + logs.length - 1), true);
  view.setUint32(41, batch.length, true);
  bytes.set(batch, 45);
  return bytes;
}

function logRecord(position: number, log: Log): Uint8Array {
  const isCheckpoint = !('other' in log);
  const value = isCheckpoint
    ? checkpointValue('create' in log ? [log.create, -1] : [log.created, log.at])
    : new TextEncoder().encode(log.other);
  const framed = 52 + 48 + value.length;
  const bytes = new Uint8Array(Math.ceil(framed / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, framed, true);
  view.setUint16(12, 1, true);
  view.setBigInt64(16, BigInt(position), true);
  view.setBigInt64(24, -1n, true);
  view.setBigInt64(32, -1n, true);
  const { timestamp = 1_700_000_000_000 } = 'create' in log ? log : {};
  view.setBigInt64(40, BigInt(timestamp), true);
  view.setInt32(48, 48, true);
  header(view, 52, 40, 200, 0, 5);
  view.setUint8(60, 'created' in log ? 0 : 1);
  view.setUint16(73, 5, true);
  view.setUint8(75, isCheckpoint ? 254 : 1);
  view.setUint8(76, 'created' in log ? 1 : 0);
  bytes.set(value, 100);
  return bytes;
}

/** MsgPack `{id, position}`, the position as the one byte that it is here. */
function checkpointValue([id, position]: [number, number]): Uint8Array {
  const head = [0x82, 0xa2, ...Buffer.from('id'), 0xd1, id >> 8, id & 0xff];
  return Uint8Array.from([...head, 0xa8, ...Buffer.from('position'), position & 0xff]);
}
