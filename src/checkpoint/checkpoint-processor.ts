// The checkpoint protocol on one partition: a thin shell around the pure transition. It never waits, never
// triggers a backup by itself and never touches the log: the broker does, in its own transaction and order.
import type { CheckpointId } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import type { CheckpointStateStore } from '../ports/partition.ts';
import {
  type CheckpointEvent,
  type CreateCheckpointRecord,
  mustCreateFirst,
  onCreate,
  onEvent,
} from './checkpoint-transition.ts';

/** The command to append before an incoming command. */
export interface CreateCheckpointCommand {
  readonly checkpointId: CheckpointId;
}

/**
 * Keeps one partition in the cut (communication-induced checkpointing: Briatico, Ciuffoletti, Simoncini 1984).
 *
 * A broker calls it at four places:
 * - a CREATE command is processed: {@link process}, inside the transaction; after the commit of a CREATED,
 *   start the backup;
 * - a command goes out to another partition: {@link stamp} it, each time it is sent;
 * - a command comes in from another partition: {@link screen} its stamp, and append what that gives, first;
 * - an event is replayed: {@link replay}.
 */
export class CheckpointProcessor {
  readonly #state: CheckpointStateStore;

  constructor(components: { readonly state: CheckpointStateStore }) {
    this.#state = components.state;
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
    return event;
  }

  /** Replays an event of the log: rebuilds the state. Start no backup from a replay. */
  replay(event: CheckpointEvent): void {
    const state = onEvent(this.#state.get(), event);
    if (state !== undefined && event.intent === 'CREATED') this.#state.put(state);
  }

  /** The latest checkpoint: what an outgoing inter-partition command must carry. Undefined before the first. */
  stamp(): CheckpointId | undefined {
    return this.#state.get()?.checkpointId;
  }

  /**
   * Looks at the stamp of an incoming inter-partition command. When it gives a CREATE command, append that to
   * the log first and the incoming command behind it; if the first append fails, drop both.
   */
  screen(stamp: CheckpointId | undefined): CreateCheckpointCommand | undefined {
    return mustCreateFirst(this.#state.get(), stamp) ? { checkpointId: stamp } : undefined;
  }
}
