// What the status page says to do about a failed backup: advice by the words with which its reason begins. Words
// only; a reason that nothing here knows is shown as it is.

export interface Advice {
  /** Found anywhere in the reason, whatever its case. */
  readonly sign: string;
  readonly advice: string;
}

/** The first whose sign is found counts: what names a cause stands above what only tells that something ended. */
export const ADVICE: readonly Advice[] = [
  {
    sign: 'the backup store did not answer',
    advice:
      'Look whether the store is up and reachable from the brokers. The next backup works once it answers again.',
  },
  {
    sign: 'the backup store denied access',
    advice:
      'Mend the credentials or the policy of the store; a backup needs to list, read, write and delete.',
  },
  {
    sign: 'the backup store does not exist',
    advice: 'Create the bucket or directory, or correct its name in the configuration.',
  },
  {
    sign: 'the backup store gave an unusable answer',
    advice: 'Something that is no backup store answers, or a proxy stands in between. Check the endpoint.',
  },
  {
    sign: 'the backup store belongs to another cluster',
    advice:
      'Two clusters share a bucket and base path. Give this one a base path of its own, or correct its cluster id.',
  },
  {
    sign: 'the store is encrypted and the key is missing',
    advice:
      'Configure one of the keys that the reason names. Without it no backup of this store can be read.',
  },
  {
    sign: 'the key does not open the store',
    advice: 'The secret of this key is another one than the store was encrypted with. Correct it.',
  },
  {
    sign: 'the backup is damaged',
    advice:
      'Stored bytes are missing or changed. Run `tidemark verify` on older backups; find out what touched the store.',
  },
  {
    sign: 'the partition cannot be backed up at this checkpoint',
    advice:
      'No snapshot is old enough, or the log begins too late. The next backup may work; if not, keep more log.',
  },
  {
    sign: 'the broker failed',
    advice:
      'The broker could not give its files. Look for the operation in the log of the node that leads this partition.',
  },
  {
    sign: 'the backup exists already',
    advice: 'The id is used up. Take the next backup under a higher one.',
  },
  {
    sign: 'not done in time',
    advice:
      'The backup took longer than its deadline. Raise the deadline or the rate limit, or let the store catch up.',
  },
  {
    sign: 'no sign of life',
    advice: 'The node that took it died or was cut off. Take another backup, and look why the node stopped.',
  },
  {
    sign: 'because the leader changed',
    advice: 'Another node leads the partition now. Nothing is broken: take another backup.',
  },
  {
    sign: 'the backup attempt was called off',
    advice:
      'It was deleted, marked as failed, or overtaken by another leader while it ran. Take another backup.',
  },
  {
    sign: 'called off: operation',
    advice: 'The node was stopping. Take another backup once it is up again.',
  },
  {
    sign: 'delete it to remove them',
    advice: 'A delete of it stopped half-way. Delete it again.',
  },
  { sign: 'being deleted', advice: 'It is being deleted. If it is still here in a while, delete it again.' },
  {
    sign: 'going to be deleted',
    advice: 'It is being deleted. If it is still here in a while, delete it again.',
  },
  {
    sign: 'it ended by a bug',
    advice: 'This is a bug in tidemark. The log of the node has the whole error: please report it.',
  },
];

/** For a reason that is none of the above. */
export const OTHER_ADVICE =
  'The log of the node that leads the partition says more. Take another backup; older ones are untouched.';
