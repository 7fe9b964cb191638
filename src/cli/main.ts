#!/usr/bin/env node
// The program: hands the process to runCli and ends with its code. The only file that touches the process.
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { systemClock } from '../runtime/system-clock.ts';
import type { TextOutput } from './cli-io.ts';
import { EXIT_CODES, SIGNAL_EXIT_CODES } from './exit-codes.ts';
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`tidemark: ${problem}\n`);
  process.exit(EXIT_CODES.UsageError.code);
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Asked twice: do not wait for the clearing up. What is left is cleared by the next run.
    if (stop.signal.aborted) process.exit(SIGNAL_EXIT_CODES[signal]);
    stop.abort(signal);
  });
}

const { runCli } = await import('./run-cli.ts');
const exitCode = await runCli(process.argv.slice(2), process.env, {
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  signal: stop.signal,
  directory: process.cwd(),
  clock: systemClock,
  fetch,
  kill: (pid, how) => process.kill(pid, how),
});
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

/** A reader that has gone, as in `tidemark list | head -1`, is no failure: the rest has nobody to read it. */
function outputTo(stream: WriteStream): TextOutput {
  let open = true;
  stream.on('error', () => {
    open = false;
  });
  return {
    write(text) {
      if (open) stream.write(text);
    },
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
  };
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}
