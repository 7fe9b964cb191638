// The environment of a native store: given by the caller, or the real one. The only place with defaults for it.
import type { Clock, LoadProbe, Random } from '../ports/environment.ts';
import type { Logger, StoreObserver } from '../ports/telemetry.ts';
import { silentLogger } from '../runtime/silent-logger.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { systemRandom } from '../runtime/system-random.ts';

/** What a native store works with. Each part that is absent is the real one; the logger is silent. */
export interface NativeStoreComponents {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Saves of the native layout give way while this is high. Absent: they never do. */
  readonly load?: LoadProbe | undefined;
  /** Told about requests that are sent again, and about sweeps. */
  readonly observer?: StoreObserver | undefined;
}

/** The components with nothing absent. */
export function realComponents({ clock, random, logger }: NativeStoreComponents) {
  return {
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    logger: logger ?? silentLogger,
  };
}
