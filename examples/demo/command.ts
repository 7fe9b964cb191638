// The built `tidemark` command, run as an operator runs it. Built first when the source is newer.
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = join(ROOT, 'dist', 'cli.js');
const TIMEOUT_MS = 120_000;

/** Builds the package unless the build is newer than every source. Tells whether it did. */
export async function buildIfStale(): Promise<boolean> {
  const source = join(ROOT, 'src');
  const newest = Math.max(
    ...readdirSync(source, { recursive: true, encoding: 'utf8' }).map(
      (path) => statSync(join(source, path)).mtimeMs,
    ),
  );
  const built = statSync(COMMAND, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built >= newest) return false;
  await run('npm', ['run', 'build'], { cwd: ROOT, timeout: TIMEOUT_MS });
  return true;
}

/** Runs `tidemark` with these variables and arguments. Rejects with what it wrote when it fails. */
export async function tidemark(
  environment: Record<string, string>,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await run(process.execPath, [COMMAND, ...args], { env, cwd, timeout: TIMEOUT_MS });
  return stdout;
}
