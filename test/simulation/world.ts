// One run, from its seed to its end: a cluster, a workload, faults; then calm, in which everything must come to its end;
// then every backup is held against what the cluster was at its checkpoint.
import { watchPins } from './checkers/pin-watch.ts';
import { checkEnd } from './end-of-run.ts';
import { focusedStep } from './focus.ts';
import { useLightSignals } from './light-abort.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { type Leader, storeOfOwn } from './simulated-node.ts';
import { makeSurroundings, type Surroundings } from './surroundings.ts';
import type { Totals } from './totals.ts';
import { Trace } from './trace.ts';
import { Violation } from './violation.ts';
import { Workload } from './workload.ts';

export interface RunResult {
  readonly seed: number;
  /** The same for every run of a seed. */
  readonly traceHash: string;
  readonly totals: Totals;
  readonly violation: Violation | undefined;
  /** What happened, step by step, when it was asked for. */
  readonly lines: readonly string[] | undefined;
}

/** Runs one seed. Never throws: what goes wrong is in the result. */
export async function runSeed(
  seed: number,
  options: { readonly keepLines?: boolean; readonly pointsInTime?: boolean } = {},
): Promise<RunResult> {
  const trace = new Trace(options.keepLines);
  const around = makeSurroundings(seed, trace, options.pointsInTime);
  const onUnhandled = (cause: unknown) =>
    around.report(new Violation('nothing fails unheard', String(cause)));
  process.on('unhandledRejection', onUnhandled);
  const useOwnSignals = useLightSignals();
  let failure: unknown;
  try {
    await run(around);
  } catch (cause) {
    failure = cause;
  }
  // A rejection that nobody has heard is told after the last promise has settled.
  await new Promise<void>((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  useOwnSignals();
  failure ??= around.failure();
  around.totals.events = around.scheduler.events;
  return {
    seed,
    traceHash: trace.hash,
    totals: around.totals,
    violation: failure === undefined ? undefined : asViolation(failure),
    lines: trace.lines,
  };
}

async function run(around: Surroundings): Promise<void> {
  const { chance, scheduler, watch, weather } = around;
  const cluster = new SimulatedCluster(around);
  const workload = new Workload(around, cluster);
  scheduler.onRest = () => {
    const failure = around.failure();
    if (failure !== undefined) throw failure;
    watchPins(cluster.all, scheduler, around.settings.backupDeadlineMs);
  };
  watch.takeStartedAt = (process, partitionId, id) =>
    latest(
      cluster.all.filter((l) => l.node.process === process && l.partitionId === partitionId),
      id,
    );
  await cluster.start();
  await workload.open();
  for (let step = 0; step < around.settings.steps; step += 1) {
    if (around.settings.focus !== undefined) {
      await focusedStep(around.settings.focus, around, cluster, workload);
      continue;
    }
    workload.step();
    if (around.settings.pointsInTime) workload.markNowAndThen();
    await scheduler.pass(chance.fraction() * chance.pick([20, 300, 2_500, 12_000]));
  }
  weather.calm();
  await checkEnd(around, cluster, workload, storeOfOwn(around, 'restore', 'near'));
}

function latest(leaders: readonly Leader[], id: Parameters<Leader['running']['get']>[0]): number | undefined {
  const times = leaders.flatMap(({ running }) => running.get(id) ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function asViolation(failure: unknown): Violation {
  if (failure instanceof Violation) return failure;
  const told = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  return new Violation('nothing fails unheard', told);
}
