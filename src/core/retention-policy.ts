// Which backups an operator wants to keep. A shape only: `retention/` decides by it.

/**
 * What to keep. A backup that any of the rules keeps stays; a rule that is absent keeps nothing. Days, weeks (from
 * Monday) and months are those of UTC, by the time when the backup was begun. Only COMPLETED backups count.
 */
export interface RetentionPolicy {
  /** The newest so many. */
  readonly keepLast?: number | undefined;
  /** All that are at most this much older than the newest COMPLETED one, in milliseconds. */
  readonly keepWithinMs?: number | undefined;
  /** Of each of the last so many days that have a backup, the newest. */
  readonly keepDaily?: number | undefined;
  readonly keepWeekly?: number | undefined;
  readonly keepMonthly?: number | undefined;
  /** So many stay in any case. Default 1, the least. */
  readonly minimum?: number | undefined;
}
