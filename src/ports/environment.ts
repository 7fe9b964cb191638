// The world as the engines see it. Implemented by runtime/ for production and by the testkit for tests.

/** Time. `now` is for stamps that people read; only `monotonic` may measure durations. */
export interface Clock {
  /** Milliseconds since 1970, UTC. May jump. */
  now(): number;
  /** Milliseconds since some start. Never goes back. */
  monotonic(): number;
  /** Resolves after `ms`. Resolves early, without throwing, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Chance. */
export interface Random {
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
  /** A number in [0, 1). */
  fraction(): number;
}

/**
 * How busy the broker is: 0 when it idles, 1 when it is overloaded. Asked before each chunk of a save, so it must be
 * quick; one that throws counts as 0.
 */
export type LoadProbe = () => number;
