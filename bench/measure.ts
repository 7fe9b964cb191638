// Runs one contender in a process of its own and reads its figures: the last line it prints, in JSON, or, for programs that
// print none, what the shell's `time` saw.
import { spawn } from 'node:child_process';
import process from 'node:process';

/** What one run cost. */
export interface Cost {
  readonly bytes: number;
  readonly wallSeconds: number;
  /** Of the contender's process alone, user and system. */
  readonly cpuSeconds: number;
  /** How far the resident memory rose above what it was before the work. Absent for foreign programs. */
  readonly rssGrowthBytes?: number;
  readonly [more: string]: number | undefined;
}

/** A program and its arguments. */
export interface Contender {
  readonly name: string;
  /** Asked before each run, so that each may have a place of its own. */
  readonly command: () => readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For programs that do not count them themselves. */
  readonly bytes?: number;
  /** Run once before all rounds, outside of what is measured. */
  readonly before?: Contender;
  /** Called before each run, outside of what is measured. */
  readonly prepare?: () => void | Promise<void>;
}

const WORK_LIMIT_MS = 10 * 60_000;

/** The command of a program in `work/`. It runs on the package as it is built, as its users do. */
export function work(program: string, ...args: readonly string[]): string[] {
  return [process.execPath, new URL(`work/${program}.ts`, import.meta.url).pathname, ...args];
}

export async function run({ name, command: commandOf, env = {}, bytes, prepare }: Contender): Promise<Cost> {
  await prepare?.();
  const command = commandOf();
  const timed = bytes === undefined ? [...command] : ['bash', '-c', TIMED, 'timed', ...command];
  const [program = '', ...args] = timed;
  const child = spawn(program, args, {
    env: { ...process.env, ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WORK_LIMIT_MS,
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`${name} ended with ${code}: ${command.join(' ')}\n${errors.slice(-2_000)}`);
  if (bytes !== undefined) {
    const [wall = 0, user = 0, system = 0] = (errors.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
    return { bytes, wallSeconds: wall, cpuSeconds: user + system };
  }
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Cost;
}

const TIMED = `TIMEFORMAT='%R %U %S'; time "$@"`;

/** Each contender once per round, in turns, so that a slow minute of the machine meets all of them. */
export async function compare(
  contenders: readonly Contender[],
  rounds: number,
  onRun: (name: string, cost: Cost) => void,
): Promise<ReadonlyMap<string, readonly Cost[]>> {
  const costs = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]));
  for (const { before } of contenders) if (before !== undefined) await run(before);
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of contenders) {
      const cost = await run(contender);
      onRun(contender.name, cost);
      costs.get(contender.name)?.push(cost);
    }
  }
  return costs;
}

/** The median of one figure. */
export function median(costs: readonly Cost[], figure: string): number {
  const sorted = costs.map((cost) => cost[figure] ?? Number.NaN).toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
