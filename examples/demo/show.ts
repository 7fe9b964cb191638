// What the watcher of the demo sees: one line per step, alive on a terminal, plain where the output is kept.
import process from 'node:process';

export interface Step {
  /** Says what is going on right now. Seen on a terminal only. */
  update(detail: string): void;
  /** Ends the step with what came of it. */
  done(detail: string): void;
}

const { stdout } = process;
const isTerminal = stdout.isTTY === true;
const paint = (code: number, text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
let timer: NodeJS.Timeout | undefined;

/** Starts a step. One at a time. */
export function step(title: string): Step {
  const started = performance.now();
  let detail = '';
  let frame = 0;
  if (isTerminal) {
    timer = setInterval(() => {
      frame += 1;
      const line = `${FRAMES[frame % FRAMES.length]} ${title} ${detail}`.slice(0, stdout.columns - 1);
      stdout.write(`\r\u001b[2K${paint(36, line)}`);
    }, 80);
  }
  return {
    update(text) {
      detail = text;
    },
    done(text) {
      stopShowing();
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
      stdout.write(`${paint(90, `${seconds} s`)}  ${title}: ${text}\n`);
    },
  };
}

/** Clears the living line, if there is one. May be called at any time. */
export function stopShowing(): void {
  clearInterval(timer);
  if (isTerminal) stdout.write('\r\u001b[2K');
}

/** A bar of ten for a part of a whole. */
export function bar(part: number, whole: number): string {
  const filled = Math.min(10, Math.floor((10 * part) / whole));
  return `${'█'.repeat(filled)}${'░'.repeat(10 - filled)}`;
}

/** One thing that must hold, with the numbers that show it. */
export interface Check {
  readonly claim: string;
  readonly numbers: string;
  readonly holds: boolean;
}

export function showChecks(checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ claim }) => claim.length));
  stdout.write('\n');
  for (const { claim, numbers, holds } of checks) {
    const mark = holds ? paint(32, 'proven') : paint(31, 'FAILED');
    stdout.write(`${mark}  ${claim.padEnd(width)}  ${numbers}\n`);
  }
}

/** Cents as money. */
export function money(cents: number): string {
  return (cents / 100).toLocaleString('en', { minimumFractionDigits: 2 });
}

export function kib(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;
}
