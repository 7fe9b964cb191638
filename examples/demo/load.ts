// A client that transfers money all the time and remembers what it was promised. Its memory is the one thing that the
// disaster does not touch, so it is what the restored ledger is held against.
import { setTimeout as sleep } from 'node:timers/promises';

export interface SentTransfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

const WORKERS = 12;
const AMOUNT_MAX = 5_000;
const RETRY_MS = 50;

export class Load {
  readonly #urls: readonly string[];
  readonly #accounts: readonly string[];
  readonly #name: string;
  readonly #workers: number;
  readonly #sent = new Map<string, SentTransfer>();
  readonly #acknowledged = new Set<string>();
  #running: Promise<void>[] = [];
  #stopped = true;

  /** `name` keeps the ids of one client apart from those of another. */
  constructor(urls: readonly string[], accounts: readonly string[], name: string, workers = WORKERS) {
    this.#workers = workers;
    this.#urls = urls;
    this.#accounts = accounts;
    this.#name = name;
  }

  /** Every transfer that was ever sent, by id. */
  get sent(): ReadonlyMap<string, SentTransfer> {
    return this.#sent;
  }

  /** The ids of those that the ledger said yes to. */
  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  start(): void {
    this.#stopped = false;
    this.#running = Array.from({ length: this.#workers }, (_, worker) => this.#work(worker));
    // A worker that fails is heard of in `stop`.
    for (const worker of this.#running) worker.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #work(worker: number): Promise<void> {
    while (!this.#stopped) {
      const id = `${this.#name}-${this.#sent.size}`;
      const from = this.#anyAccount();
      const transfer = {
        id,
        from,
        to: this.#anyAccount(),
        amount: 1 + Math.floor(Math.random() * AMOUNT_MAX),
      };
      this.#sent.set(id, transfer);
      await this.#send(transfer, this.#urls[worker % this.#urls.length] ?? '');
    }
  }

  /** Sends until there is an answer: an id makes it safe to repeat. */
  async #send(transfer: SentTransfer, url: string): Promise<void> {
    while (!this.#stopped) {
      const status = await post(`${url}/transfers`, transfer).catch(() => 503);
      if (status === 200 || status === 201) this.#acknowledged.add(transfer.id);
      else if (status !== 503 && status !== 422)
        throw new Error(`the ledger answered ${status} to ${JSON.stringify(transfer)}`);
      if (status !== 503) return;
      await sleep(RETRY_MS);
    }
  }

  #anyAccount(): string {
    return this.#accounts[Math.floor(Math.random() * this.#accounts.length)] ?? '';
  }
}

/** Sends JSON and gives the status. */
export async function post(url: string, body: unknown): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  await response.arrayBuffer();
  return response.status;
}
