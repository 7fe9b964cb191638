// Tells on stderr that a store does not answer and is tried again: until it gives up it would be a long silence.
import { BackupError } from '../core/errors.ts';
import type { Logger } from '../ports/telemetry.ts';
import { silentLogger } from '../runtime/silent-logger.ts';
import type { CliIo } from './cli-io.ts';
import { printable } from './text-table.ts';

const INTERVAL_MS = 5_000;

/** A logger that prints warnings, one every five seconds at most: many requests may fail at the same time. */
export function storeWarnings({ stderr, clock }: Pick<CliIo, 'stderr' | 'clock'>): Logger {
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    ...silentLogger,
    warn(fields, message) {
      if (clock.monotonic() - shownAt < INTERVAL_MS) return;
      shownAt = clock.monotonic();
      const { err } = fields as { err?: unknown };
      const detail = err instanceof BackupError ? `: ${printable(err.message)}` : '';
      // On a terminal a progress line may stand there.
      stderr.write(`${stderr.isTTY ? '\r\u001b[2K' : ''}tidemark: warning: ${message}${detail}\n`);
    },
  };
}
