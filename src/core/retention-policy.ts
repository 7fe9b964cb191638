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

/**
 * Why a backup stays or goes.
 *
 * NEWEST: the newest COMPLETED one, which always stays. HELD, IN_PROGRESS: never touched. LAST, WITHIN, DAILY, WEEKLY,
 * MONTHLY: the rule that keeps it, the first of several. MINIMUM: no rule keeps it, but too few would be left.
 * NO_TIME: its age is not known. RECENT: BROKEN, and so young that somebody may still want to know why.
 * NOT_SUPERSEDED: BROKEN, and none that is COMPLETED came after it.
 *
 * SURPLUS goes: COMPLETED, and no rule keeps it. SUPERSEDED goes: BROKEN, and long since replaced. BEING_DELETED goes:
 * BROKEN by a delete that was begun, so there is nothing to learn from it.
 */
export type RetentionReason =
  | 'NEWEST'
  | 'HELD'
  | 'IN_PROGRESS'
  | 'LAST'
  | 'WITHIN'
  | 'DAILY'
  | 'WEEKLY'
  | 'MONTHLY'
  | 'MINIMUM'
  | 'NO_TIME'
  | 'RECENT'
  | 'NOT_SUPERSEDED'
  | 'SURPLUS'
  | 'SUPERSEDED'
  | 'BEING_DELETED';
