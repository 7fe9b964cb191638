// A child process that says in one JSON line when it is ready. It reads our pipe and ends when we do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it said when it was ready. */
  readonly greeting: Record<string, unknown>;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>;
}

const BY_NAME = new URL('../by-name.ts', import.meta.url).href;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** Starts a script of this folder and waits until it is ready. Rejects when it ends before that. */
export async function startChild(
  script: string,
  env: NodeJS.ProcessEnv,
  stderr: 'inherit' | number = 'inherit',
): Promise<Child> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--import', BY_NAME, path], {
    env,
    stdio: ['pipe', 'pipe', stderr],
  });
  const ended = once(child, 'exit').then(() => {});
  child.stdin?.on('error', () => {});
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const ready = once(lines, 'line', { signal: AbortSignal.timeout(READY_TIMEOUT_MS) });
  const first = await Promise.race([ready, ended]);
  if (first === undefined) {
    throw new Error(`${script} ended before it was ready: exit code ${child.exitCode ?? child.signalCode}`);
  }
  return { process: child, pid: child.pid as number, greeting: JSON.parse(String(first[0])), ended };
}

/** Asks a child to end and waits for it; one that does not listen is killed. May be called twice. */
export async function stopChild(child: Child): Promise<void> {
  const timer = setTimeout(() => child.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
  if (child.process.exitCode === null && child.process.signalCode === null) child.process.kill('SIGTERM');
  else clearTimeout(timer);
  await child.ended;
  clearTimeout(timer);
}
