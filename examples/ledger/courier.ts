// Brings the outbox of one partition to the other partitions until each credit is acknowledged. It may deliver twice;
// the receiver knows doubles. Every message carries the checkpoint of its sender as it is when the message leaves.
import { type CheckpointStamp, type Clock, checkpointId } from 'tidemark';
import type { CreditCommand, CreditOutcome, SettleCommand } from './commands.ts';
import type { Partition } from './partition.ts';
import type { Peers } from './peers.ts';

/** A batch of credits on its way. The stamp is the latest checkpoint of the sender: `7`, or `7 marker`. */
export interface CreditMessage {
  readonly stamp: string | null;
  readonly credits: readonly CreditCommand[];
}

/** The answer, in the order of the credits. It is a message between partitions too, so it carries a stamp. */
export interface CreditReply {
  readonly stamp: string | null;
  readonly outcomes: readonly CreditOutcome[];
}

const CREDITS_PER_MESSAGE = 200;
const RETRY_MS = 200;
const DELIVERY_TIMEOUT_MS = 10_000;

export class Courier {
  readonly #partition: Partition;
  readonly #peers: Peers;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #wakers = new Set<() => void>();
  #lanes: Promise<void>[] = [];

  constructor(partition: Partition, peers: Peers, clock: Clock) {
    this.#clock = clock;
    this.#partition = partition;
    this.#peers = peers;
  }

  /** Starts one lane to each partition: a slow one holds up no other. */
  start(): void {
    this.#lanes = Array.from({ length: this.#peers.partitions }, (_, index) => this.#lane(index + 1));
  }

  /** Tells that the outbox may have grown. */
  wake(): void {
    for (const waker of this.#wakers) waker();
    this.#wakers.clear();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await Promise.all(this.#lanes);
  }

  async #lane(receiver: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => this.#wakers.add(resolve));
      const transfers = this.#partition.state.outbox(receiver, CREDITS_PER_MESSAGE);
      const sender = this.#partition.settings.partitionId;
      const credits = transfers.map(
        ({ id, to, amount }): CreditCommand => ({ type: 'credit', sender, id, account: to, amount }),
      );
      if (credits.length === 0) {
        await changed;
        continue;
      }
      // The receiver is down or slow: the outbox keeps everything, and the same credits are sent again.
      await this.#deliver(receiver, credits).catch(() => this.#clock.sleep(RETRY_MS, signal));
    }
  }

  async #deliver(receiver: number, credits: readonly CreditCommand[]): Promise<void> {
    const stamp = showStamp(this.#partition.checkpoints.stamp());
    const message: CreditMessage = { stamp, credits };
    const path = `/internal/partitions/${receiver}/credits`;
    const reply = await this.#inTime((signal) =>
      this.#peers.ask<CreditReply>(receiver, 'POST', path, message, signal),
    );
    const settlements = credits.flatMap(({ id }, index): SettleCommand[] => {
      const outcome = reply.outcomes[index];
      return outcome === undefined ? [] : [{ type: 'settle', id, outcome }];
    });
    await this.#partition.receive(parseStamp(reply.stamp), settlements);
  }

  async #inTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    const answered = new AbortController();
    void this.#clock.sleep(DELIVERY_TIMEOUT_MS, answered.signal).then(() => late.abort());
    try {
      return await call(AbortSignal.any([this.#stopping.signal, late.signal]));
    } finally {
      answered.abort();
    }
  }
}

/** The stamp of a message, as text. */
export function showStamp(stamp: CheckpointStamp | undefined): string | null {
  if (stamp === undefined) return null;
  return stamp.type === 'marker' ? `${stamp.checkpointId} marker` : `${stamp.checkpointId}`;
}

/** The stamp of a message. */
export function parseStamp(stamp: string | null): CheckpointStamp | undefined {
  const [id, type] = stamp?.split(' ') ?? [];
  if (id === undefined) return undefined;
  return { checkpointId: checkpointId(BigInt(id)), type: type === 'marker' ? 'marker' : 'backup' };
}
