// `tidemark restore --rehearse`: a restore into a scratch directory of its own, the check of it, and what both took.
// The data directory of the node is never looked at.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ResultAsync } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';
import { fromForeign } from '../core/result.ts';
import { type RehearsalReport, rehearseRestore } from '../restore/rehearse-restore.ts';
import type { RestoreReport } from '../restore/restore-report.ts';
import { runCheck } from './check-command.ts';
import type { CliError } from './cli-errors.ts';
import type { CliSurroundings } from './cli-io.ts';
import type { Shown } from './command-run.ts';
import { showReport } from './show-restore.ts';
import { storeWarnings } from './store-warnings.ts';

export interface RehearsalOptions {
  /** What the shell runs with the restored directory. */
  readonly check?: string | undefined;
  readonly checkTimeoutMs?: number | undefined;
  /** Where the scratch directory is made. */
  readonly scratch?: string | undefined;
}

/** Restores into a directory that is made for it and removed again. */
export function rehearse(
  surroundings: CliSurroundings,
  { check, checkTimeoutMs, scratch = tmpdir() }: RehearsalOptions,
  restoreInto: (directory: string) => ResultAsync<RestoreReport, CliError>,
): ResultAsync<Shown, CliError> {
  const { io } = surroundings;
  const place = resolve(io.directory, scratch);
  return fromForeign<string, CliError>(
    () => mkdtemp(join(place, 'tidemark-rehearsal-')),
    (cause) => new InvalidInput('--scratch', cause instanceof Error ? cause.message : String(cause)),
  ).andThen((directory) =>
    rehearseRestore<CliError>(
      {
        restore: () => restoreInto(join(directory, 'data')),
        check:
          check === undefined
            ? undefined
            : (restored, signal) => runCheck(surroundings, check, restored, signal),
        remove: () => rm(directory, { recursive: true, force: true }),
        clock: io.clock,
        logger: storeWarnings(io),
      },
      { checkTimeoutMs },
      { signal: io.signal },
    ).map(showRehearsal),
  );
}

function showRehearsal({ restored, checkMs }: RehearsalReport): Shown {
  const { json, text } = showReport(restored);
  const [counts = ''] = text.split('\n');
  const checked =
    checkMs === undefined ? 'no check was asked for' : `the check passed in ${seconds(checkMs)} s`;
  const end = `rehearsed: backup restored in ${seconds(restored.durationMs)} s, ${checked}; the scratch is removed`;
  return {
    json: { rehearsal: true, restored: json, checkMs: checkMs === undefined ? null : Math.round(checkMs) },
    text: `${counts}\n${end}`,
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
