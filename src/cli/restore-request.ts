// What a restore was asked for: a backup by its id, or a time. Naming both is refused: one of them would be ignored.
import { err, type Result } from 'neverthrow';
import type { Environment } from '../config/placeholder.ts';
import type { Timestamp } from '../core/backup.ts';
import { InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';
import { parseTimestamp } from '../core/parse-timestamp.ts';
import { UsageError } from './cli-errors.ts';
import { printable } from './text-table.ts';

/** What Zeebe's container image takes the id and the time from. */
export const ID_VARIABLE = 'ZEEBE_RESTORE_FROM_BACKUP_ID';
export const TO_VARIABLE = 'ZEEBE_RESTORE_TO_TIMESTAMP';

export type RestoreRequest =
  | { readonly kind: 'backup'; readonly id: CheckpointId }
  | { readonly kind: 'time'; readonly time: Timestamp };

interface Named {
  readonly argument: string | undefined;
  readonly backupId: string | undefined;
  readonly to: string | undefined;
}

/** Reads the request from the command line, or from the variables where that names nothing. */
export function restoreRequest(
  { argument, backupId, to }: Named,
  env: Environment,
): Result<RestoreRequest, InvalidInput | UsageError> {
  if (argument !== undefined && backupId !== undefined && argument !== backupId) {
    return err(
      new UsageError(`two backups are named, ${printable(argument)} and ${printable(backupId)}; name one`),
    );
  }
  const ids = [argument ?? backupId, env[ID_VARIABLE]] as const;
  const times = [to, env[TO_VARIABLE]] as const;
  const id = ids[0] ?? ids[1];
  const time = times[0] ?? times[1];
  if (id !== undefined && time !== undefined) {
    const named = [
      ids[0] === undefined ? ID_VARIABLE : `backup ${printable(ids[0])}`,
      times[0] === undefined ? TO_VARIABLE : `--to ${printable(times[0])}`,
    ];
    return err(new UsageError(`a backup and a time are named, ${named.join(' and ')}; name one`));
  }
  if (time !== undefined) {
    const field = times[0] === undefined ? TO_VARIABLE : '--to';
    return parseTimestamp(time, field).map(() => ({ kind: 'time', time }));
  }
  if (id === undefined) {
    const detail = `no backup is named; give its id, or set ${ID_VARIABLE}, or give a time with --to`;
    return err(new UsageError(`${detail}; see: tidemark list, tidemark ranges`));
  }
  return parseCheckpointId(id)
    .mapErr((error) =>
      ids[0] === undefined
        ? new InvalidInput(ID_VARIABLE, `expected a backup id, got '${id.slice(0, 40)}'`)
        : error,
    )
    .map((checkpointId) => ({ kind: 'backup', id: checkpointId }));
}
