// The observer of the retention: what its last run decided, and what it has deleted. Dry runs are not counted.
import type { RetentionReason } from '../core/retention-policy.ts';
import type { RetentionEvent } from '../ports/telemetry.ts';
import type { Instruments } from './instruments.ts';

export class RetentionTelemetry {
  readonly #instruments: Instruments;
  /** Of the run under way, and of the last one that came to its end. */
  #deciding = new Map<RetentionReason, number>();
  #decided: ReadonlyMap<RetentionReason, number> = new Map();

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** Begins to show what was decided. Gives what ends that. */
  observe(): (() => void)[] {
    return [
      this.#instruments.observe('tidemark.retention.backups', (observe) => {
        for (const [reason, backups] of this.#decided) observe(backups, { reason });
      }),
    ];
  }

  readonly observer = (event: RetentionEvent): void => {
    switch (event.type) {
      case 'decided':
        this.#deciding.set(event.reason, (this.#deciding.get(event.reason) ?? 0) + 1);
        return;
      case 'deleted':
        this.#instruments.add('tidemark.retention.deletes', 1, {});
        return;
      case 'ended': {
        const decided = this.#deciding;
        this.#deciding = new Map();
        if (event.dryRun) return;
        const result = event.error === undefined ? 'completed' : 'failed';
        this.#instruments.add('tidemark.retention.runs', 1, { result });
        // A reason that has gone is zero now, not what it was.
        const gone = [...this.#decided.keys()].map((reason) => [reason, 0] as const);
        if (event.error === undefined) this.#decided = new Map([...gone, ...decided]);
      }
    }
  };
}
