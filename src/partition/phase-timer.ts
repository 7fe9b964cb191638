// Tells how long each phase of an attempt took. One phase begins where the last one ends.
import type { Clock } from '../ports/environment.ts';
import type { BackupPhase } from '../ports/telemetry.ts';

export class PhaseTimer {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tell: (phase: BackupPhase, durationMs: number) => void;
  #phase: BackupPhase | undefined = 'reserve';
  #begunAt: number;

  /** The first phase, \`reserve\`, begins now. */
  constructor(clock: Pick<Clock, 'monotonic'>, tell: (phase: BackupPhase, durationMs: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#begunAt = clock.monotonic();
  }

  /** Ends the phase and begins the next one. After the end nothing begins any more. */
  begin(phase: BackupPhase): void {
    if (this.#phase === undefined) return;
    this.end();
    this.#phase = phase;
  }

  /** Ends the phase; the attempt is over. May be called twice. */
  end(): void {
    if (this.#phase === undefined) return;
    const now = this.#clock.monotonic();
    this.#tell(this.#phase, now - this.#begunAt);
    this.#begunAt = now;
    this.#phase = undefined;
  }
}
