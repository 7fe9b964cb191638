// The checkpoint protocol on one partition: a thin shell around the pure transition. It never waits, never
// triggers a backup by itself and never touches the log: the broker does, in its own transaction and order.
import type { CheckpointType } from '../core/checkpoint.ts';
import type { CheckpointId } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import { tell } from '../core/tell.ts';
import type { CheckpointStateStore } from '../ports/partition.ts';
import type { CheckpointObserver } from '../ports/telemetry.ts';
import {
  type CheckpointEvent,
  type CreateCheckpointRecord,
  mustCreateFirst,
  onCreate,
  onEvent,
} from './checkpoint-transition.ts';

/**
 * What an inter-partition command carries: the latest checkpoint of its sender. The type goes with it, so that a
 * partition that first hears of a marker in this way makes a marker.
 */
export interface CheckpointStamp {
  readonly checkpointId: CheckpointId;
  /** Absent, as in old stamps, is `backup`. */
  readonly type?: CheckpointType | undefined;
}

/** The command to append before an incoming command. */
export interface CreateCheckpointCommand {
  readonly checkpointId: CheckpointId;
  readonly type: CheckpointType;
}

/** What the processor works with. */
export interface CheckpointComponents {
  readonly state: CheckpointStateStore;
  readonly observer?: CheckpointObserver | undefined;
}

/**
 * Keeps one partition in the cut (communication-induced checkpointing: Briatico, Ciuffoletti, Simoncini 1984).
 *
 * A broker calls it at four places:
 * - a CREATE command is processed: {@link process}, inside the transaction; after the commit of a CREATED,
 *   start the backup, unless it is a marker;
 * - a command goes out to another partition: {@link stamp} it, each time it is sent;
 * - a command comes in from another partition: {@link screen} its stamp, and append what that gives, first;
 * - an event is replayed: {@link replay}.
 */
export class CheckpointProcessor {
  readonly #state: CheckpointStateStore;
  readonly #observer: CheckpointObserver | undefined;

  constructor(components: CheckpointComponents) {
    this.#state = components.state;
    this.#observer = components.observer;
  }

  /**
   * Processes a CREATE command. Call it inside the broker's transaction and append the event it returns.
   * The new checkpoint is on every {@link stamp} from here on, so commands that later records cause carry it.
   */
  process(record: CreateCheckpointRecord): CheckpointEvent {
    const before = this.#state.get();
    invariant(
      before === undefined || record.position > before.position || record.checkpointId <= before.checkpointId,
      `checkpoints grow along the log: ${record.checkpointId} at ${record.position} comes after ` +
        `${before?.checkpointId} at ${before?.position}`,
    );
    const { state, event } = onCreate(before, record);
    if (event.intent === 'CREATED') this.#state.put(state);
    const type = event.intent === 'CREATED' ? 'created' : 'ignored';
    // Nobody is there to be told of an observer that throws: the transaction of the broker goes on.
    const { checkpointId, position } = state;
    tell(this.#observer, { type, checkpointId, position }, () => {});
    return event;
  }

  /** Replays an event of the log: rebuilds the state. Start no backup from a replay. */
  replay(event: CheckpointEvent): void {
    const state = onEvent(this.#state.get(), event);
    if (state !== undefined && event.intent === 'CREATED') this.#state.put(state);
  }

  /** The latest checkpoint: what an outgoing inter-partition command must carry. Undefined before the first. */
  stamp(): CheckpointStamp | undefined {
    const state = this.#state.get();
    return state === undefined
      ? undefined
      : { checkpointId: state.checkpointId, type: state.type ?? 'backup' };
  }

  /**
   * Looks at the stamp of an incoming inter-partition command. When it gives a CREATE command, append that to
   * the log first and the incoming command behind it; if the first append fails, drop both.
   */
  screen(stamp: CheckpointStamp | undefined): CreateCheckpointCommand | undefined {
    const { checkpointId, type = 'backup' } = stamp ?? {};
    return mustCreateFirst(this.#state.get(), checkpointId) ? { checkpointId, type } : undefined;
  }
}
