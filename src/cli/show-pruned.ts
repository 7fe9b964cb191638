// What was pruned, as a document and as a table.

import type { RetentionReason } from '../core/retention-policy.ts';
import type { PruneReport } from '../retention/retention-manager.ts';
import type { Shown } from './command-run.ts';
import { showSweep } from './show-sweep.ts';
import { textTable } from './text-table.ts';

const REASONS: Readonly<Record<RetentionReason, string>> = {
  NEWEST: 'the newest that is COMPLETED',
  HELD: 'it is held',
  IN_PROGRESS: 'it is being taken',
  LAST: '--keep-last',
  WITHIN: '--keep-within',
  DAILY: '--keep-daily',
  WEEKLY: '--keep-weekly',
  MONTHLY: '--keep-monthly',
  MINIMUM: '--minimum',
  NO_TIME: 'its age is not known',
  RECENT: 'it is broken, and somebody may want to know why',
  NOT_SUPERSEDED: 'it is broken, and no COMPLETED one came after it',
  SURPLUS: 'no rule keeps it',
  SUPERSEDED: 'it is broken, and a COMPLETED one came long since',
  BEING_DELETED: 'a delete of it was begun and stopped',
};

export function showPruned(report: PruneReport): Shown {
  const { dryRun, decisions, deleted, changed, passedOver, sweep } = report;
  const verb = dryRun ? 'would go' : 'goes';
  const rows = decisions.map((decision) => [
    String(decision.checkpointId),
    decision.state,
    decision.createdAtMs === undefined ? '' : new Date(decision.createdAtMs).toISOString(),
    decision.keep ? 'stays' : verb,
    changed.includes(decision.checkpointId)
      ? 'it has changed meanwhile and was left alone'
      : REASONS[decision.reason],
  ]);
  const going = decisions.filter(({ keep }) => !keep).length;
  const counts = `${going} of ${decisions.length} backups`;
  const ends = dryRun ? `dry run: ${counts} would be deleted` : `deleted ${deleted.length} backups`;
  const parts = [
    decisions.length === 0
      ? 'no backups'
      : textTable(['BACKUP', 'STATE', 'CREATED', 'DECISION', 'REASON'], rows),
    ...(passedOver ? ['Others, which --keep-within keeps, were not looked at.'] : []),
    ends,
    ...(sweep === undefined ? [] : [showSweep(sweep).text]),
  ];
  return { json: document(report), text: parts.join('\n\n') };
}

function document({ decisions, ...report }: PruneReport): object {
  return {
    ...report,
    decisions: decisions.map(({ checkpointId: backupId, createdAtMs, state, keep, reason }) => ({
      backupId,
      state,
      createdAt: createdAtMs === undefined ? null : new Date(createdAtMs).toISOString(),
      keep,
      reason,
    })),
  };
}
