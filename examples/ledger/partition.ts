// One partition on its leader: commands go into the log, come back when they are durable, and are processed in
// order. Whoever submitted one is answered after the commit. Backups never stand in that path.
import { join } from 'node:path';
import {
  type CheckpointObserver,
  CheckpointProcessor,
  type CheckpointStamp,
  type CheckpointState,
} from 'tidemark';
import type { Command } from './commands.ts';
import { type LedgerEnvironment, nodeEnvironment } from './environment.ts';
import type { LedgerState } from './ledger-state.ts';
import { LedgerPartitionSource } from './partition-source.ts';
import { type Outcome, type ProcessingContext, processRecord } from './process-record.ts';
import type { LogRecord } from './record.ts';
import { recoverState } from './recover-state.ts';
import { SegmentedLog } from './segmented-log.ts';
import { SnapshotDirectory } from './snapshots.ts';

export interface PartitionSettings {
  readonly partitionId: number;
  /** The number of partitions of the cluster. */
  readonly partitions: number;
  /** Holds `log/`, `snapshots/` and `state/` of this partition. */
  readonly directory: string;
  readonly segmentBytes: number;
  /** A snapshot is taken each time that so many records were processed. */
  readonly snapshotEvery: number;
  /** Backups reach back to the one before, so that every marker can be restored to. */
  readonly pointsInTime?: boolean;
}

/** Records in one transaction. */
const BATCH_RECORDS_MAX = 1_000;

export class Partition {
  readonly settings: PartitionSettings;
  readonly state: LedgerState;
  readonly checkpoints: CheckpointProcessor;
  readonly source: LedgerPartitionSource;
  readonly term: bigint;
  readonly #environment: LedgerEnvironment;
  readonly #log: SegmentedLog;
  readonly #snapshots: SnapshotDirectory;
  readonly #compact: () => void;
  readonly #context: ProcessingContext;
  readonly #waiting = new Map<bigint, (outcome: Outcome) => void>();
  #durable: LogRecord[] = [];
  #scheduled = false;
  #closed = false;
  /** Checkpoints that a crash left in the log unprocessed. Their backups are still to be taken. */
  readonly unfinished: CheckpointState[] = [];
  /** Told about a checkpoint right after its commit. */
  onCheckpoint: (checkpoint: CheckpointState) => void = () => {};
  /** Told about each CREATE that is processed, before its commit. */
  onCheckpointRecord: CheckpointObserver = () => {};
  /** Told when records were processed: the outbox may have grown. */
  onProcessed: () => void = () => {};
  /** Told when the partition cannot go on. */
  onFailure: (cause: unknown) => void = () => {};

  private constructor(
    environment: LedgerEnvironment,
    settings: PartitionSettings,
    log: SegmentedLog,
    state: LedgerState,
    snapshots: SnapshotDirectory,
  ) {
    const source = new LedgerPartitionSource(environment, log, snapshots, () => state.checkpoints());
    // Before the replay, which takes snapshots too: which backups there are is not known yet.
    if (settings.pointsInTime) source.reachingTo = 0n;
    this.#environment = environment;
    this.settings = settings;
    this.state = state;
    this.source = source;
    const observer: CheckpointObserver = (event) => this.onCheckpointRecord(event);
    this.checkpoints = new CheckpointProcessor({ state, observer });
    this.term = state.nextTerm(environment.clock.now());
    this.#log = log;
    this.#snapshots = snapshots;
    this.#compact = () => source.compact();
    this.#context = { state, checkpoints: this.checkpoints, partitions: settings.partitions };
    log.onDurable = (records) => this.#enqueue(records);
    log.onFailure = (cause) => this.onFailure(cause);
  }

  /** Becomes leader: brings the state up to the end of the log. Throws LogCorrupt when that cannot be done. */
  static async open(
    settings: PartitionSettings,
    environment: LedgerEnvironment = nodeEnvironment,
  ): Promise<Partition> {
    const { disk } = environment;
    const snapshots = new SnapshotDirectory(disk, join(settings.directory, 'snapshots'));
    const { state, isLive } = recoverState(environment, settings.directory, snapshots);
    const logSettings = {
      directory: join(settings.directory, 'log'),
      segmentBytes: settings.segmentBytes,
      acknowledged: state.processed,
    };
    const log = await SegmentedLog.open(logSettings, disk);
    const partition = new Partition(environment, settings, log, state, snapshots);
    partition.#replay(isLive);
    return partition;
  }

  /** Appends a command and resolves once it is durable, processed and committed. */
  submit(command: Command): Promise<Outcome> {
    const position = this.#log.append(command, this.#environment.clock.now());
    return new Promise((resolve) => this.#waiting.set(position, resolve));
  }

  /**
   * Appends what came from another partition. When its stamp is ahead of this partition, the checkpoint goes into
   * the log first: nothing that was sent behind a cut is ever received before it.
   */
  receive(stamp: CheckpointStamp | undefined, commands: readonly Command[]): Promise<Outcome[]> {
    const create = this.checkpoints.screen(stamp);
    if (create !== undefined) {
      const { checkpointId, type } = create;
      void this.submit({ type: 'checkpoint', checkpointId: checkpointId.toString(), kind: type });
    }
    return Promise.all(commands.map((command) => this.submit(command)));
  }

  /** What `GET /partitions` tells. */
  describe() {
    return {
      partitionId: this.settings.partitionId,
      term: this.term.toString(),
      position: this.#log.lastPosition.toString(),
      processed: this.state.processed.toString(),
      checkpoint: this.state.get()?.checkpointId.toString() ?? null,
      snapshots: this.#snapshots.all.map(({ id }) => id),
      segments: this.#log.segments.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    };
  }

  /** Writes what was appended and lets go of the files. Who still waits for an answer does not get one. */
  async close(): Promise<void> {
    await this.#log.close();
    this.#closed = true;
    this.state.close();
  }

  /** Processes what the log holds beyond the state. What was processed before the state was lost starts nothing. */
  #replay(isLive: boolean): void {
    let batch: LogRecord[] = [];
    const commit = () => {
      const created = createdIn(this.#process(batch));
      if (isLive) this.unfinished.push(...created);
      batch = [];
    };
    for (const record of this.#log.read(this.state.processed + 1n)) {
      if (batch.push(record) === BATCH_RECORDS_MAX) commit();
    }
    commit();
  }

  #enqueue(records: readonly LogRecord[]): void {
    this.#durable.push(...records);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#environment.defer(() => this.#processDurable());
  }

  #processDurable(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    try {
      const records = this.#durable.splice(0, BATCH_RECORDS_MAX);
      const outcomes = this.#process(records);
      for (const checkpoint of createdIn(outcomes)) this.onCheckpoint(checkpoint);
      records.forEach(({ position }, index) => {
        this.#waiting.get(position)?.(outcomes[index] as Outcome);
        this.#waiting.delete(position);
      });
      this.onProcessed();
    } catch (cause) {
      this.onFailure(cause);
      return;
    }
    if (this.#durable.length > 0) this.#enqueue([]);
  }

  #process(records: readonly LogRecord[]): Outcome[] {
    const last = records.at(-1);
    if (last === undefined) return [];
    const outcomes = this.state.transaction(() => {
      const done = records.map((record) => processRecord(this.#context, record));
      this.state.processed = last.position;
      return done;
    });
    const unsaved = last.position - (this.#snapshots.all.at(-1)?.position ?? 0n);
    // Not in the turn that makes a checkpoint: the snapshot that its backup needs must be there when it pins.
    const isCut = outcomes.some(({ code }) => code === 'checkpoint');
    if (unsaved >= this.settings.snapshotEvery && !isCut) {
      this.#snapshots.take(this.state, this.term);
      this.#compact();
    }
    return outcomes;
  }
}

function createdIn(outcomes: readonly Outcome[]): CheckpointState[] {
  return outcomes.flatMap((outcome) =>
    outcome.code === 'checkpoint' && outcome.event.intent === 'CREATED' ? [outcome.event] : [],
  );
}
