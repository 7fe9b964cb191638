// Makes markers at an interval, from the node that leads partition 1. One after the other: a marker that is late is left
// out, and its place is taken by the next one.
import { type Clock, type ClusterBackups, checkpointId, type Logger } from 'tidemark';

export interface NodeMarkersComponents {
  readonly backups: Pick<ClusterBackups, 'mark'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface NodeMarkersSettings {
  readonly intervalMs: number;
  /** Is added to the time of day, as for the ids of backups. */
  readonly idOffset: number;
}

export class NodeMarkers {
  readonly #components: NodeMarkersComponents;
  readonly #settings: NodeMarkersSettings;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(components: NodeMarkersComponents, settings: NodeMarkersSettings) {
    this.#components = components;
    this.#settings = settings;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { backups, clock, logger } = this.#components;
    const { intervalMs, idOffset } = this.#settings;
    const { signal } = this.#closing;
    for (;;) {
      await clock.sleep(intervalMs, signal);
      if (signal.aborted) return;
      const marked = await backups.mark(checkpointId(clock.now() + idOffset), { signal });
      // Somebody triggers a backup at this moment, or a partition is away: the next one will do.
      if (marked.isErr()) logger.debug({ err: marked.error }, 'no marker was made this time');
    }
  }
}
