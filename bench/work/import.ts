// What it costs to import the package as it is built: `TIMES`. Each time a fresh process that imports it and one that imports nothing, in turns;
// the figures are medians of whole processes.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { measured } from './measured.ts';

const [, , times = ''] = process.argv;
const here = new URL('.', import.meta.url).pathname;
const run = (code: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: here, encoding: 'utf8' });

function timed(code: string): number {
  const started = performance.now();
  const { status, stderr } = run(code);
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

/** Loads an entry and counts what else was loaded for it, by the name of the package. */
function modulesOf(entry: string): readonly string[] {
  const code = `
    import { registerHooks } from 'node:module';
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    await import('${entry}');
    console.log(JSON.stringify(urls));`;
  const { status, stdout, stderr } = run(code);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

await measured(async () => {
  const costs: Record<string, number[]> = { '': [], tidemark: [], 'tidemark/s3': [] };
  for (let time = 0; time < Number(times); time += 1) {
    for (const [entry, taken] of Object.entries(costs)) {
      taken.push(timed(entry === '' ? '' : `import '${entry}';`));
    }
  }
  const emptyMs = median(costs[''] ?? []);
  const loaded = modulesOf('tidemark');
  return {
    bytes: 0,
    emptyMs,
    importMs: median(costs.tidemark ?? []) - emptyMs,
    importS3Ms: median(costs['tidemark/s3'] ?? []) - emptyMs,
    modules: loaded.length,
    sdkModules: loaded.filter((url) => /@aws-sdk|@smithy/.test(url)).length,
  };
});
