// Asks every partition of the cluster the same thing, at the same time and each within a limit. It never asks
// anyone while the topology is incomplete, and never turns silence into an answer.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { withDeadline } from '../core/deadline.ts';
import {
  type Aborted,
  BackupsDisabled,
  BrokerFailure,
  DeadlineExceeded,
  isBackupError,
  PartitionFailure,
  PartitionTimeout,
  PartitionUnreachable,
} from '../core/errors.ts';
import type { PartitionId } from '../core/ids.ts';
import { IncompleteTopology } from '../core/incomplete-topology.ts';
import { PARTITION_REQUEST_TIMEOUT_MS, PARTITION_REQUESTS_IN_FLIGHT } from '../core/limits.ts';
import { fromAsync, fromForeign } from '../core/result.ts';
import type { PartitionBackupClient, Topology } from '../ports/cluster.ts';
import type { Clock } from '../ports/environment.ts';
import type { Logger } from '../ports/telemetry.ts';

/** What the coordinator and the aggregator work with. */
export interface ClusterComponents {
  readonly topology: Topology;
  readonly partitions: PartitionBackupClient;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly logger: Logger;
}

export interface ClusterSettings {
  /**
   * Is added to the milliseconds since 1970 to make the id of a backup that is triggered without one: for clusters
   * whose backups had higher ids before. Default 0.
   */
  readonly idOffset?: number | undefined;
  /** The limit of one request to one partition, in milliseconds. Default 15,000. */
  readonly requestTimeoutMs?: number;
  /** How many partitions are asked at the same time. Default 32. */
  readonly requestsInFlight?: number;
}

export interface ClusterCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Why the partitions could not be told. */
export type TopologyError = IncompleteTopology | BrokerFailure | DeadlineExceeded | Aborted;

/** Why one partition gave no answer. */
export type PartitionRequestError =
  | PartitionUnreachable
  | PartitionTimeout
  | PartitionFailure
  | BackupsDisabled
  | Aborted;

/** What became of the request to one partition. */
export interface PartitionAnswer<T> {
  readonly partitionId: PartitionId;
  readonly result: Result<T, PartitionRequestError>;
}

/** The answers of all partitions, in ascending order of the partitions. */
export type PartitionAnswers<T> = readonly PartitionAnswer<T>[];

type Ask<T> = (partitionId: PartitionId, signal: AbortSignal) => Promise<T>;

/** Fans requests out to the partitions. */
export class PartitionRequests {
  readonly #components: ClusterComponents;
  readonly #timeoutMs: number;
  readonly #inFlight: number;

  constructor(components: ClusterComponents, settings: ClusterSettings) {
    this.#components = components;
    this.#timeoutMs = settings.requestTimeoutMs ?? PARTITION_REQUEST_TIMEOUT_MS;
    this.#inFlight = settings.requestsInFlight ?? PARTITION_REQUESTS_IN_FLIGHT;
  }

  /** Asks all partitions and waits for each of them; `operation` names the request in logs and errors. */
  askAll<T>(
    operation: string,
    ask: Ask<T>,
    { signal }: ClusterCallOptions,
  ): ResultAsync<PartitionAnswers<T>, TopologyError> {
    return fromAsync(async () => {
      const known = await this.#partitionIds(signal);
      if (known.isErr()) return err(known.error);
      const answers = await pLimit(this.#inFlight).map(known.value, async (partitionId) => ({
        partitionId,
        result: await this.#ask(operation, partitionId, ask, signal),
      }));
      for (const { partitionId, result } of answers) {
        if (result.isErr()) {
          this.#components.logger.warn({ operation, partitionId, err: result.error }, 'a partition failed');
        }
      }
      return ok(answers);
    });
  }

  #partitionIds(signal?: AbortSignal): ResultAsync<readonly PartitionId[], TopologyError> {
    const { clock, topology } = this.#components;
    const limit = { operation: 'topology', timeoutMs: this.#timeoutMs, signal };
    return withDeadline<{ expected: number; known: readonly PartitionId[] }, BrokerFailure>(
      clock,
      limit,
      () =>
        fromForeign(
          () => topology.partitions(),
          (cause) => new BrokerFailure('topology', reasonOf(cause), cause),
        ),
    ).andThen<Result<readonly PartitionId[], TopologyError>>(({ expected, known }) => {
      const ids = [...new Set(known)].sort((a, b) => a - b);
      return ids.length === expected && expected > 0 ? ok(ids) : err(new IncompleteTopology(expected, ids));
    });
  }

  #ask<T>(
    operation: string,
    partitionId: PartitionId,
    ask: Ask<T>,
    signal?: AbortSignal,
  ): ResultAsync<T, PartitionRequestError> {
    const limit = {
      operation: `${operation} on partition ${partitionId}`,
      timeoutMs: this.#timeoutMs,
      signal,
    };
    return withDeadline(this.#components.clock, limit, (inTime) =>
      fromForeign(
        () => ask(partitionId, inTime),
        (cause) => partitionError(partitionId, cause),
      ),
    ).mapErr((error) =>
      error instanceof DeadlineExceeded ? new PartitionTimeout(partitionId, this.#timeoutMs) : error,
    );
  }
}

/** The failures among the answers, in the order of the partitions. */
export function failuresOf<T>(answers: PartitionAnswers<T>): PartitionRequestError[] {
  return answers.flatMap(({ result }) => (result.isErr() ? [result.error] : []));
}

/** The answers, or the first failure among them. */
export function allOrFirstFailure<T>(answers: PartitionAnswers<T>): Result<T[], PartitionRequestError> {
  const values: T[] = [];
  for (const { result } of answers) {
    if (result.isErr()) return err(result.error);
    values.push(result.value);
  }
  return ok(values);
}

/**
 * A broker's client may name the failure itself; what else it throws means that the partition was not
 * reached.
 */
function partitionError(partitionId: PartitionId, cause: unknown): PartitionRequestError {
  if (
    cause instanceof BackupsDisabled ||
    cause instanceof PartitionUnreachable ||
    cause instanceof PartitionTimeout ||
    cause instanceof PartitionFailure
  ) {
    return cause;
  }
  if (isBackupError(cause)) return new PartitionFailure(partitionId, cause);
  return new PartitionUnreachable(partitionId, reasonOf(cause), cause);
}

function reasonOf(cause: unknown): string {
  return `reason=${cause instanceof Error ? cause.message : String(cause)}`;
}
