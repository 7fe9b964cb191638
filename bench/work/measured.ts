// Around the work of a contender: time, CPU and memory of this process, printed as one line of JSON.
import process from 'node:process';

/** Runs the work and prints what it cost. `run` gives the bytes it moved and whatever else is worth a figure. */
export async function measured(run: () => Promise<Record<string, number>>): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  const figures = await run();
  const wallSeconds = Number(process.hrtime.bigint() - wall) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watch);
  peak = Math.max(peak, process.memoryUsage.rss());
  const cost = { wallSeconds, cpuSeconds: (user + system) / 1e6, rssGrowthBytes: peak - before, ...figures };
  process.stdout.write(`${JSON.stringify(cost)}\n`);
  process.exit(0);
}
