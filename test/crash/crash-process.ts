// A process of a broker that can stop at any request to its storage. From then on nothing of it happens any more: no
// request is answered, no timer of it fires. A fault can also hit one request alone, or all from one on.
import type { Clock } from '../../src/ports/environment.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { type Call, type Fate, ScriptedStorage } from '../stores/scripted-storage.ts';

export const MODES = [
  'stopped before',
  'stopped after',
  'failed',
  'done but reported failed',
  'failing from then on',
  'done but reported failed, failing from then on',
] as const;
export type Mode = (typeof MODES)[number];

export interface Fault {
  readonly mode: Mode;
  /** The request it happens at. */
  readonly at: (call: Call) => boolean;
}

/** The fault at the request with this number, counted from 0. */
export function faultAt(index: number, mode: Mode): Fault & { readonly what: string } {
  return { what: `request ${index} ${mode}`, mode, at: (call) => call.index === index };
}

const NEVER = new Promise<never>(() => {});

export class CrashProcess {
  readonly storage: ScriptedStorage;
  readonly clock: Clock;
  readonly #stopped = Promise.withResolvers<'stopped'>();
  #isStopped = false;
  #isFailing = false;

  constructor(storage: ObjectStorage, clock: Clock, fault?: Fault) {
    this.storage = new ScriptedStorage(storage);
    this.storage.script = (call) => this.#fateOf(call, fault);
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        if (this.#isStopped) await NEVER;
      },
    };
  }

  /** Settles when the process stops. */
  get stopped(): Promise<'stopped'> {
    return this.#stopped.promise;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The operations asked for so far. */
  get calls(): readonly Call[] {
    return this.storage.calls;
  }

  #fateOf(call: Call, fault: Fault | undefined): Fate | Promise<Fate> {
    if (this.#isStopped) return NEVER;
    if (this.#isFailing) return 'refused';
    if (!fault?.at(call)) return 'done';
    this.#isFailing = fault.mode.endsWith('failing from then on');
    switch (fault.mode) {
      case 'stopped before':
        this.#stop();
        return NEVER;
      case 'stopped after':
        this.#stop();
        return 'silent after';
      case 'failed':
      case 'failing from then on':
        return 'refused';
      default:
        return 'lost';
    }
  }

  #stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve('stopped');
  }
}
