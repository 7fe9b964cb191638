// The shape of the cluster of one run, and the limits it runs with: as in production, only shorter.
import type { Chance } from './chance.ts';

export interface WorldSettings {
  readonly partitions: number;
  readonly nodes: number;
  readonly accounts: number;
  readonly steps: number;
  readonly segmentBytes: number;
  readonly snapshotEvery: number;
  readonly chunkSizeBytes: number;
  readonly chunksInFlight: number;
  readonly compression: 'auto' | 'none';
  readonly backupDeadlineMs: number;
  /** A broker that starts a backup some time after the checkpoint: newer snapshots may be there by then. */
  readonly takesLate: boolean;
}

export const HEARTBEAT_MS = 2_000;
export const STALE_AFTER_MS = 8_000;
export const API_CALL_TIMEOUT_MS = 12_000;
/** Long enough for a save that waits for a sweep, or so short that a slow store exceeds it. */
const BACKUP_DEADLINES_MS = [8_000, 60_000, 60_000];
export const BACKUP_DEADLINE_MS_MAX = 60_000;
/** What a sweep spares: hardly more than the time after which a save counts as dead. */
export const SWEEP_GRACE_MS = STALE_AFTER_MS + 1_000;
export const REQUEST_TIMEOUT_MS = 8_000;
export const OPENING_BALANCE = 1_000;

export function chooseSettings(chance: Chance, apart: Chance): WorldSettings {
  const partitions = chance.between(1, 4);
  return {
    partitions,
    nodes: chance.between(1, 3),
    accounts: partitions * 2 + 1,
    steps: chance.between(8, 30),
    segmentBytes: chance.pick([300, 900, 4_000]),
    snapshotEvery: chance.pick([4, 12, 40]),
    chunkSizeBytes: chance.pick([200, 700, 3_000]),
    chunksInFlight: chance.pick([1, 3, 6]),
    backupDeadlineMs: apart.pick(BACKUP_DEADLINES_MS),
    takesLate: apart.is(0.2),
    compression: apart.pick(['auto', 'none']),
  };
}
