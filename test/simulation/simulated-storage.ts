// One process's way to the bucket. Each request is parked, arrives when its time has come, and may go wrong on the way
// in or out. One that was given up may arrive all the same, even after its sender has died.
import { err, type Result, type ResultAsync } from 'neverthrow';
import { Aborted, StoreUnavailable } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import type { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type {
  GetOptions,
  ListObjectsOptions,
  ObjectCallOptions,
  ObjectStorage,
  PutOptions,
} from '../../src/ports/object-storage.ts';
import type { Chance } from './chance.ts';
import type { StoreWatch } from './checkers/store-watch.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Totals } from './totals.ts';
import type { Weather } from './weather.ts';

export interface SimulatedStorageParts {
  readonly bucket: MemoryObjectStorage;
  readonly watch: StoreWatch;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly totals: Totals;
}

/** A request on the way has arrived, or never will, after this time: far less than an attempt may be silent. */
export const ARRIVES_WITHIN_MS = 2_000;

/** How far a process is from the bucket, times the usual; one that is near is answered at once, and never fails. */
export type Way = number | 'near';

export class SimulatedStorage implements ObjectStorage {
  readonly location = 'simulated:';
  readonly #parts: SimulatedStorageParts;
  readonly #process: SimulatedProcess;
  readonly #way: Way;

  constructor(parts: SimulatedStorageParts, process: SimulatedProcess, way: Way = 1) {
    this.#parts = parts;
    this.#process = process;
    this.#way = way;
  }

  put(key: string, body: Uint8Array, options?: PutOptions) {
    const { bucket, watch } = this.#parts;
    watch.calls('put', key, this.#process);
    return this.#call(
      'put',
      key,
      options,
      () => bucket.put(key, body, { ...options, signal: undefined }),
      () => watch.put(key, body),
    );
  }

  get(key: string, options?: GetOptions) {
    const { bucket, watch } = this.#parts;
    return this.#call(
      'get',
      key,
      options,
      () => bucket.get(key, { ...options, signal: undefined }),
      () => watch.got(key),
    );
  }

  head(key: string, options?: ObjectCallOptions) {
    this.#parts.watch.calls('head', key, this.#process);
    return this.#call('head', key, options, () => this.#parts.bucket.head(key));
  }

  list(prefix: string, options?: ListObjectsOptions) {
    const { bucket } = this.#parts;
    return this.#call('list', prefix, options, () => bucket.list(prefix, { ...options, signal: undefined }));
  }

  delete(keys: readonly string[], options?: ObjectCallOptions) {
    const { bucket, watch } = this.#parts;
    return this.#call(
      'delete',
      keys.join(' '),
      options,
      () => bucket.delete(keys),
      () => watch.deleted(keys),
    );
  }

  startUpload(): never {
    throw new Error('the native layout knows no uploads in parts');
  }

  async close(): Promise<void> {}

  #call<T, E>(
    operation: string,
    key: string,
    options: ObjectCallOptions | undefined,
    effect: () => ResultAsync<T, E>,
    seen: () => void = () => {},
  ): ResultAsync<T, E | StoreUnavailable | Aborted> {
    const way = this.#way;
    if (way === 'near') {
      return effect().map((value) => {
        seen();
        return value;
      });
    }
    type Outcome = Result<T, E | StoreUnavailable | Aborted>;
    const { scheduler, weather, chance, totals } = this.#parts;
    const label = `${operation} ${key} by ${this.#process.name}`;
    const signal = options?.signal;
    return fromAsync(
      () =>
        new Promise<Outcome>((resolve, reject) => {
          if (signal?.aborted) return resolve(err(new Aborted(operation)));
          totals['store calls'] += 1;
          const fate = weather.fate();
          if (fate !== 'done') totals['store calls in trouble'] += 1;
          let isOver = false;
          const end = (outcome: Outcome) => {
            if (isOver) return;
            isOver = true;
            signal?.removeEventListener('abort', onAbort);
            if (this.#process.alive) resolve(outcome);
          };
          const onAbort = () => end(err(new Aborted(operation)));
          signal?.addEventListener('abort', onAbort, { once: true });
          const arrivesLate = chance.is(0.5);
          const arrive = async () => {
            if (isOver || !this.#process.alive) {
              if (!arrivesLate) return;
              totals['late arrivals'] += 1;
            }
            if (fate === 'refused') return end(err(new StoreUnavailable(operation, key)));
            if (fate === 'throttled') {
              return end(
                err(new StoreUnavailable(operation, 'status=503', undefined, chance.between(1, 1_500))),
              );
            }
            if (fate === 'silent before') return;
            const outcome = await effect();
            if (outcome.isOk()) seen();
            if (fate === 'lost') return end(err(new StoreUnavailable(operation, key)));
            if (fate !== 'silent after')
              scheduler.after(chance.fraction() * 3, `answer ${label}`, () => end(outcome));
          };
          const latency = Math.min(ARRIVES_WITHIN_MS, weather.storeLatencyMs() * way);
          scheduler.after(latency, `${fate} ${label}`, () => void arrive().catch(reject));
        }),
    );
  }
}
