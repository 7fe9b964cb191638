// What the torturer knows of a backup, and so may hold the store to. Lives outside of everything that is killed.

export interface BackupRecord {
  readonly id: number;
  /** How many transfers had been acknowledged when it was triggered: the first so many must be in it. */
  readonly acknowledged: number;
  /** COMPLETED was told to us: from then on it must stay so. */
  completed: boolean;
  /** A deletion was asked for; it may or may not have happened. */
  deletionAsked: boolean;
  /** A deletion was answered with success. */
  deleted: boolean;
}
