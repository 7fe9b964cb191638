// Every order in which the storage operations of several actors can happen, with the real code of each. An operation is
// parked until it is chosen; what is chosen happens at once and whole, as on a storage that is strongly consistent. Two
// ways into the same situation are followed up once: the same objects, and actors that have seen the same.
import { createHash } from 'node:crypto';
import type { Result, ResultAsync } from 'neverthrow';
import { fromAsync } from '../../src/core/result.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { Clock, Random } from '../../src/ports/environment.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';

/** One who works on the storage. What it gives when it has ended is for the check. */
export type Actor = (parts: ActorParts) => Promise<unknown>;

export interface ActorParts {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly random: Random;
}

export interface World {
  readonly objects: readonly {
    readonly key: string;
    readonly bytes: Uint8Array;
    readonly writtenAt: number;
  }[];
  readonly nowMs: number;
  /** Sleeps of these lengths end when the order says so. All others last for ever: time stands still. */
  readonly naps: ReadonlySet<number>;
  /**
   * Whether a request meets nothing that another actor does at any time, such as a look at what only its own actor
   * writes. It happens at once: any other place in the order leads to the same.
   */
  readonly isApart?: (actor: string, what: string) => boolean;
  /** Follows only orders that leave an actor which could go on this often at most. Default: every order. */
  readonly switchesMax?: number;
  readonly actors: Readonly<Record<string, Actor>>;
}

export interface Ended {
  readonly outcomes: Readonly<Record<string, unknown>>;
  readonly storage: MemoryObjectStorage;
  readonly clock: { now(): number };
  readonly trace: readonly string[];
}

export interface Explored {
  readonly situations: number;
  readonly endings: number;
  /** The first ending that the check threw on. */
  readonly violation?: { readonly error: unknown; readonly trace: readonly string[] };
}

/** Follows every order. Stops at the first ending that the check throws on, or with an actor that threw. */
export async function explore(world: World, check: (ended: Ended) => Promise<void>): Promise<Explored> {
  const seen = new Set<string>();
  const todo: number[][] = [[]];
  let endings = 0;
  for (let prefix = todo.pop(); prefix !== undefined; prefix = todo.pop()) {
    const run = new Run(world);
    const chosen: number[] = [];
    await run.settle();
    for (;;) {
      const choices = run.pending;
      if (choices.length === 0) {
        const ending = await run.fingerprint();
        if (seen.has(ending)) break;
        seen.add(ending);
        endings += 1;
        try {
          const ended = run.ended();
          const thrown = Object.values(ended.outcomes).find((outcome) => outcome instanceof Error);
          if (thrown !== undefined) throw thrown;
          await check(ended);
        } catch (error) {
          return { situations: seen.size, endings, violation: { error, trace: run.trace } };
        }
        break;
      }
      const apart = choices.findIndex(({ actor, what }) => world.isApart?.(actor, what) ?? false);
      if (apart >= 0) {
        await run.step(apart);
        continue;
      }
      let choice = prefix[chosen.length];
      if (choice === undefined) {
        const bounded = world.switchesMax === undefined ? '' : `${run.switches} ${run.last}`;
        const situation = `${await run.fingerprint()} ${bounded}`;
        if (seen.has(situation)) break;
        seen.add(situation);
        const [first = 0, ...others] = run.allowed(world.switchesMax);
        for (const other of others) todo.push([...chosen, other]);
        choice = first;
      }
      chosen.push(choice);
      await run.step(choice);
    }
  }
  return { situations: seen.size, endings };
}

interface Parked {
  readonly actor: string;
  readonly what: string;
  readonly go: () => Promise<void>;
}

/** One order, from the beginning. */
class Run {
  readonly trace: string[] = [];
  readonly pending: Parked[] = [];
  /** Who went last, and how often one was left that could go on. */
  last = '';
  switches = 0;
  readonly #memory: MemoryObjectStorage;
  readonly #time: { nowMs: number };
  readonly #seen = new Map<string, string>();
  readonly #outcomes: Record<string, unknown> = {};

  constructor(world: World) {
    this.#time = { nowMs: 0 };
    this.#memory = new MemoryObjectStorage({ clock: { now: () => this.#time.nowMs } });
    for (const { key, bytes, writtenAt } of world.objects) {
      this.#time.nowMs = writtenAt;
      void this.#memory.put(key, bytes).match(
        () => {},
        () => {},
      );
    }
    this.#time.nowMs = world.nowMs;
    for (const [index, [name, actor]] of Object.entries(world.actors).entries()) {
      this.#seen.set(name, '');
      let made = 0;
      const random: Random = {
        hex: (bytes) => {
          made += 1;
          return `${index}${made.toString(16)}`.padStart(bytes * 2, '0');
        },
        fraction: () => 0,
      };
      const clock = this.#clock(name, world.naps);
      const end = (outcome: unknown) => {
        this.#outcomes[name] = outcome;
      };
      void actor({ storage: this.#parking(name), clock, random }).then(end, end);
    }
  }

  ended(): Ended {
    const clock = { now: () => this.#time.nowMs };
    return { outcomes: this.#outcomes, storage: this.#memory, clock, trace: this.trace };
  }

  /** Lets all actors run until they wait for the storage. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async step(choice: number): Promise<void> {
    const [parked] = this.pending.splice(choice, 1);
    if (parked === undefined) throw new Error('the same order led to another situation');
    this.trace.push(`${parked.actor}: ${parked.what}`);
    if (parked.actor !== this.last && this.#canGoOn) this.switches += 1;
    this.last = parked.actor;
    await parked.go();
    await this.settle();
    this.pending.sort((a, b) => (`${a.actor} ${a.what}` < `${b.actor} ${b.what}` ? -1 : 1));
  }

  /** What may come next: with no switch left, only what the last actor does. */
  allowed(switchesMax = Number.POSITIVE_INFINITY): number[] {
    const mustStay = this.#canGoOn && this.switches >= switchesMax;
    return this.pending.flatMap(({ actor }, index) => (mustStay && actor !== this.last ? [] : [index]));
  }

  get #canGoOn(): boolean {
    return this.pending.some(({ actor }) => actor === this.last);
  }

  async fingerprint(): Promise<string> {
    const hash = createHash('sha1');
    for (const [name, seen] of this.#seen) hash.update(`${name} ${seen}\n`);
    const page = (await this.#memory.list(''))._unsafeUnwrap();
    for (const { key, lastModified } of page.objects) {
      hash.update(`${key} ${lastModified} `).update((await this.#memory.get(key))._unsafeUnwrap());
    }
    return hash.digest('base64');
  }

  #clock(actor: string, naps: ReadonlySet<number>): Clock {
    return {
      now: () => this.#time.nowMs,
      monotonic: () => this.#time.nowMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          signal?.addEventListener('abort', () => resolve(), { once: true });
          if (!naps.has(ms)) return;
          const go = async () => {
            this.#note(actor, `slept ${ms}`);
            resolve();
          };
          this.pending.push({ actor, what: `sleep ${ms}`, go });
        }),
    };
  }

  #parking(actor: string): ObjectStorage {
    const park = <T, E>(what: string, run: () => ResultAsync<T, E>): ResultAsync<T, E> =>
      fromAsync<T, E>(
        () =>
          new Promise<Result<T, E>>((resolve) => {
            const go = async () => {
              const result = await run();
              this.#note(actor, `${what} ${shown(result)}`);
              resolve(result);
            };
            this.pending.push({ actor, what, go });
          }),
      );
    const memory = this.#memory;
    return {
      location: 'parked:',
      put: (key, body, options) => park(`put ${key}`, () => memory.put(key, body, options)),
      get: (key, options) => park(`get ${key}`, () => memory.get(key, options)),
      head: (key, options) => park(`head ${key}`, () => memory.head(key, options)),
      list: (prefix, options) => park(`list ${prefix}`, () => memory.list(prefix, options)),
      delete: (keys, options) => park(`delete ${keys.join(' ')}`, () => memory.delete(keys, options)),
      startUpload: (key, options) => memory.startUpload(key, options),
      close: async () => {},
    };
  }

  #note(actor: string, what: string): void {
    this.#seen.set(
      actor,
      createHash('sha1')
        .update(`${this.#seen.get(actor)} ${what}`)
        .digest('base64'),
    );
  }
}

function shown(result: Result<unknown, unknown>): string {
  if (result.isErr()) return (result.error as Error).name;
  const { value } = result;
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : JSON.stringify(value ?? null);
}
