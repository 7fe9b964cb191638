// Live progress on stderr: one line that changes on a terminal, a line every few seconds elsewhere.
import type { Clock } from '../ports/environment.ts';
import type { TextOutput } from './cli-io.ts';

const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;

export class ProgressLine {
  readonly #output: TextOutput;
  readonly #clock: Clock;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = '';
  #latest = '';

  constructor(output: TextOutput, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Shows the text now, or later, or never when a newer one comes soon. */
  update(text: string): void {
    this.#latest = text;
    const interval = this.#output.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (this.#clock.monotonic() - this.#shownAt >= interval) this.#show();
  }

  /** Leaves the latest text standing. */
  end(): void {
    this.#show();
    if (this.#output.isTTY && this.#shown !== '') this.#output.write('\n');
    this.#shown = '';
    this.#latest = '';
  }

  #show(): void {
    if (this.#latest === this.#shown) return;
    this.#shownAt = this.#clock.monotonic();
    this.#shown = this.#latest;
    const line = this.#latest.slice(0, this.#output.columns ? this.#output.columns - 1 : undefined);
    this.#output.write(this.#output.isTTY ? `\r\u001b[2K${line}` : `${this.#latest}\n`);
  }
}
