// Counts the files and directories that this process holds open through node:fs/promises, by standing in for its `open`.
import type { EventEmitter } from 'node:events';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

export interface OpenFiles {
  readonly peak: number;
  readonly now: number;
  stop(): void;
}

/** Counts those opened from now on, until it is stopped. */
export function countOpenFiles(): OpenFiles {
  const real = fs.open;
  let now = 0;
  let peak = 0;
  const change = (open: typeof fs.open) => {
    fs.open = open;
    syncBuiltinESMExports();
  };
  change(async (...args) => {
    now += 1;
    peak = Math.max(peak, now);
    const handle = await real(...args).catch((cause: unknown) => {
      now -= 1;
      throw cause;
    });
    // A handle tells of its end, which its type does not say.
    (handle as unknown as EventEmitter).once('close', () => {
      now -= 1;
    });
    return handle;
  });
  return {
    get peak() {
      return peak;
    },
    get now() {
      return now;
    },
    stop: () => change(real),
  };
}
