// Runs a command of the user on a restored directory, and judges it by its exit code. Nothing of it runs on when this
// has settled.
import { spawn } from 'node:child_process';
import type { RestoreReport } from '../restore/restore-report.ts';
import type { CliIo, CliSurroundings } from './cli-io.ts';

/** So long a command may take to end by itself once it is asked to. */
const GRACE_MS = 5_000;

/**
 * Runs it in a shell with the directory as its working directory, `TIDEMARK_RESTORED` and `TIDEMARK_BACKUP_ID`. What it
 * prints goes to stderr. Rejects unless it ends with 0. When the signal fires, its whole group is ended.
 */
export async function runCheck(
  { io, env }: CliSurroundings,
  command: string,
  { location, checkpointId }: RestoreReport,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: location,
    env: { ...env, TIDEMARK_RESTORED: location, TIDEMARK_BACKUP_ID: String(checkpointId) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => io.stderr.write(text));
  }
  const ended = Promise.withResolvers<string | undefined>();
  child.once('error', (cause) => ended.resolve(`cannot be run: ${cause.message}`));
  child.once('exit', (code, by) => {
    if (code !== 0) ended.resolve(by === null ? `ended with ${code}` : `was ended by ${by}`);
    else ended.resolve(undefined);
  });
  const stop = () => {
    end(io, child.pid, 'SIGTERM');
    const over = new AbortController();
    void ended.promise.then(() => over.abort());
    void io.clock.sleep(GRACE_MS, over.signal).then(() => end(io, child.pid, 'SIGKILL'));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const reason = await ended.promise;
    if (reason !== undefined) throw new Error(`the command ${reason}: ${command}`);
  } finally {
    signal.removeEventListener('abort', stop);
    // Children that it left in the background would write into what is about to be removed.
    end(io, child.pid, 'SIGKILL');
  }
}

function end({ kill }: Pick<CliIo, 'kill'>, pid: number | undefined, how: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    kill(-pid, how);
  } catch {
    // The group is gone.
  }
}
