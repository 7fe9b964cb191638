// Runs seeds in several processes at once, block by block in ascending order, until it is told to stop or one fails.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Block, BlockResult, Failure } from './seed-worker.ts';
import { addTotals, noTotals, type Totals } from './totals.ts';

export interface SeedWorkersSettings {
  readonly jobs: number;
  /** The name of a planted bug. */
  readonly bug?: string;
  readonly seedsPerBlock: number;
}

export interface SeedsRun {
  readonly seeds: number;
  readonly totals: Totals;
  /** The failure of the lowest seed. */
  readonly failure: Failure | undefined;
}

/** A worker that says nothing for so long is stuck in one seed. */
const SILENT_MS = 120_000;

export class SeedWorkers {
  readonly #settings: SeedWorkersSettings;

  constructor(settings: SeedWorkersSettings) {
    this.#settings = settings;
  }

  /** Runs seeds from `from` on until `until` says that so many are enough. */
  async run(range: {
    readonly from: number;
    readonly count?: number;
    readonly until: (seedsDone: number) => boolean;
    readonly onProgress?: (run: SeedsRun) => void;
  }): Promise<SeedsRun> {
    const { jobs, seedsPerBlock } = this.#settings;
    const totals = noTotals();
    let seeds = 0;
    let next = range.from;
    let failure: Failure | undefined;
    const isLowest = (other: Failure) => failure === undefined || other.seed < failure.seed;
    const end = range.from + (range.count ?? Number.POSITIVE_INFINITY);
    const lane = async () => {
      const child = this.#start();
      try {
        await this.#answer(child, { from: next, count: 0 });
        while (failure === undefined && next < end && !range.until(seeds)) {
          const block = { from: next, count: Math.min(seedsPerBlock, end - next) };
          next += block.count;
          child.send(block);
          const result = (await this.#answer(child, block)) as BlockResult;
          seeds += result.seeds;
          addTotals(totals, result.totals);
          if (result.failure !== undefined && isLowest(result.failure)) failure = result.failure;
          range.onProgress?.({ seeds, totals, failure });
        }
      } finally {
        if (child.connected) child.disconnect();
        child.kill();
      }
    };
    await Promise.all(Array.from({ length: jobs }, lane));
    return { seeds, totals, failure };
  }

  #start(): ChildProcess {
    const { bug } = this.#settings;
    const path = fileURLToPath(new URL('./seed-worker.ts', import.meta.url));
    return fork(path, {
      // Most of what a run makes is garbage at once: with room for it, collecting costs a third.
      execArgv: [...process.execArgv, '--max-semi-space-size=64'],
      env: { ...process.env, ...(bug !== undefined && { SIMULATION_BUG: bug }) },
    });
  }

  #answer(child: ChildProcess, { from, count }: Block): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        finish();
      };
      const where = `seeds ${from} to ${from + count - 1}`;
      const onMessage = (message: unknown) => settle(() => resolve(message));
      const onExit = () => settle(() => reject(new Error(`the process that ran ${where} ended`)));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`one of ${where} does not come to its end`))),
        SILENT_MS,
      );
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  }
}
