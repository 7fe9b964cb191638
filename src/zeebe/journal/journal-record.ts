// What reading a segment yields: its descriptor, its records, and at last how it ends.
import type { RaftEntry } from './raft-entry.ts';
import type { SegmentDescriptor } from './segment-descriptor.ts';

/** A descriptor comes first unless the file is unused or damaged there; an end always comes last. */
export type SegmentPart =
  | { readonly kind: 'descriptor'; readonly descriptor: SegmentDescriptor }
  | JournalRecord
  | SegmentEnd;

/** A record whose checksum is right. */
export interface JournalRecord {
  readonly kind: 'record';
  /** The offset of its frame in the file. */
  readonly offset: number;
  /** The offset behind its last byte. */
  readonly endOffset: number;
  readonly index: bigint;
  /** The lowest position of an application entry, -1 for what raft itself wrote. */
  readonly asqn: bigint;
  readonly entry: RaftEntry;
  /** What Zeebe reads all the same but never writes; absent normally. */
  readonly oddity?: string;
}

export interface SegmentEnd {
  readonly kind: 'end';
  /**
   * - `unused`: the whole file is zeros; prepared, never written to.
   * - `zeros`: the records end, and nothing but zeros follows.
   * - `stale`: the records end, and bytes of records that were cut off follow.
   * - `damaged`: something here is not what was written. Nothing behind it was read.
   */
  readonly verdict: 'unused' | 'zeros' | 'stale' | 'damaged';
  /** Where the records end, or where the damage is. */
  readonly offset: number;
  /** What is damaged; empty otherwise. */
  readonly what: string;
}
