// The world as a partition and its leader see it: the disk, the time, and the database of the state.
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from 'tidemark';
import { type LedgerDisk, nodeLedgerDisk } from './ledger-disk.ts';
import type { LedgerState } from './ledger-state.ts';
import { PartitionState } from './partition-state.ts';

export interface LedgerEnvironment {
  readonly disk: LedgerDisk;
  readonly clock: Clock;
  /** A text that was never given before, here or on another node. */
  newId(): string;
  openState(path: string): LedgerState;
  /** Runs `work` soon, in a turn of its own. */
  defer(work: () => void): void;
}

/** This machine. */
export const nodeEnvironment: LedgerEnvironment = {
  disk: nodeLedgerDisk,
  clock: systemClock,
  newId: randomUUID,
  openState: (path) => new PartitionState(path),
  defer: (work) => void setImmediate(work),
};
