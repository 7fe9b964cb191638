// The shape of the cluster of one run, and the limits it runs with: as in production, only shorter.
import type { Chance } from './chance.ts';

/** Saves, deletes and sweeps of the same chunks; or a leader that ends its attempt while its successor does. */
export type Focus = 'sweep' | 'seal';

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
  /** The broker vouches for its files, so that backups need not read all of them. */
  readonly givesVersions: boolean;
  /** One rivalry that the whole run is about, in a small world. */
  readonly focus: Focus | undefined;
  readonly backupDeadlineMs: number;
  /** Markers are made all the time, and backups reach back to the one before. Chosen by who runs the seed. */
  readonly pointsInTime: boolean;
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
/** The share of runs with a focus. */
const FOCUSED = 0.2;
export const REQUEST_TIMEOUT_MS = 8_000;
export const OPENING_BALANCE = 1_000;

export function chooseSettings(chance: Chance, apart: Chance): WorldSettings {
  const partitions = chance.between(1, 4);
  const settings = {
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
    compression: apart.pick(['auto', 'none'] as const),
    focus: undefined,
    pointsInTime: false,
  };
  const focused = apart.is(FOCUSED) ? { ...settings, ...focusOn(apart) } : settings;
  return { ...focused, givesVersions: apart.is(0.5) };
}

/** Few bytes in many chunks, so that there is much to lose and little to run. */
function focusOn(apart: Chance) {
  const focus: Focus = apart.is(0.6) ? 'sweep' : 'seal';
  return {
    focus,
    partitions: focus === 'sweep' ? apart.between(1, 2) : 1,
    nodes: focus === 'sweep' ? apart.between(1, 2) : apart.between(2, 3),
    accounts: 3,
    steps: apart.between(6, 12),
    segmentBytes: 900,
    snapshotEvery: 40,
    chunkSizeBytes: 200,
    backupDeadlineMs: BACKUP_DEADLINE_MS_MAX,
    takesLate: false,
  };
}
