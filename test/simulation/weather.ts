// How bad things are at the moment: what may become of a request to the store and of a message. Calm at the end of
// each run, so that everything can come to its end.
import type { Chance } from './chance.ts';

/** What becomes of a request to the store. `lost`: done, but the answer is. `silent`: no answer ever comes. */
export type Fate = 'done' | 'refused' | 'throttled' | 'lost' | 'silent before' | 'silent after';

const ALL_TROUBLES: readonly Fate[] = [
  'refused',
  'throttled',
  'lost',
  'lost',
  'silent before',
  'silent after',
];

export class Weather {
  /** The share of requests to the store that go wrong. */
  storeTrouble = 0;
  /** What goes wrong with them. */
  storeTroubles = ALL_TROUBLES;
  /** Times the usual latency of the store. */
  storeSlowness = 1;
  /** The share of messages that are lost, and of those that come twice. */
  messagesLost = 0;
  messagesDoubled = 0;
  messagesSlow = 0;
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  turn(): void {
    const choose = (choices: readonly number[]) => this.#chance.pick(choices);
    this.storeTrouble = choose([0, 0, 0.05, 0.2, 0.4, 0.9]);
    this.storeSlowness = choose([1, 1, 5, 40]);
    this.messagesLost = choose([0, 0.05, 0.3]);
    this.messagesDoubled = choose([0, 0.1, 0.3]);
    this.messagesSlow = choose([0, 0.1, 0.4]);
  }

  calm(): void {
    this.storeTrouble = 0;
    this.storeTroubles = ALL_TROUBLES;
    this.storeSlowness = 1;
    this.messagesLost = 0;
    this.messagesDoubled = 0;
    this.messagesSlow = 0;
  }

  fate(): Fate {
    if (!this.#chance.is(this.storeTrouble)) return 'done';
    return this.#chance.pick(this.storeTroubles);
  }

  storeLatencyMs(): number {
    return (1 + this.#chance.fraction() ** 2 * 40) * this.storeSlowness;
  }

  messageDelayMs(): number {
    const slow = this.#chance.is(this.messagesSlow) ? this.#chance.fraction() * 3_000 : 0;
    return 0.2 + this.#chance.fraction() * 4 + slow;
  }
}
