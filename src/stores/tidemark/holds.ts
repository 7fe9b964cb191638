// Holds: an object beside the backups for each one that must not be pruned. One LIST gives them all. A held backup need
// not be complete yet, and a hold of a backup that is gone is no harm.
import { err, ok, type ResultAsync } from 'neverthrow';
import { timestamp } from '../../core/backup.ts';
import type { ForeignCluster, StoreError } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { BODY_SIZE_BYTES_MAX, FAILURE_REASON_LENGTH_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupHold, BackupHolds, CallOptions, ListBackupsError } from '../../ports/backup-store.ts';
import type { CallsInFlight } from '../calls-in-flight.ts';
import { holdShape } from './body-shapes.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { HOLDS_PREFIX, holdKey, parseHoldKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { eachObject } from './list-copies.ts';
import { jsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';
import { parseBody } from './parse-body.ts';

/** The holds of a native store. */
export class Holds implements BackupHolds {
  readonly #layout: Layout;
  readonly #identity: ClusterIdentity;
  readonly #calls: CallsInFlight;

  constructor(layout: Layout, identity: ClusterIdentity, calls: CallsInFlight) {
    this.#layout = layout;
    this.#identity = identity;
    this.#calls = calls;
  }

  hold(
    checkpointId: CheckpointId,
    reason: string,
    options: CallOptions = {},
  ): ResultAsync<void, StoreError | ForeignCluster> {
    const { storage, clock } = this.#layout;
    const body = {
      format: FORMAT,
      reason: reason.slice(0, FAILURE_REASON_LENGTH_MAX),
      heldAt: timestamp(clock.now()),
    };
    return this.#calls.run(options, (signal) =>
      this.#identity
        .claim(signal)
        .andThen(() => storage.put(holdKey(checkpointId), jsonBytes(body), { ifAbsent: true, signal }))
        .orElse((error) => (error.name === 'ObjectAlreadyExists' ? ok() : err(error))),
    );
  }

  release(
    checkpointId: CheckpointId,
    options: CallOptions = {},
  ): ResultAsync<void, StoreError | ForeignCluster> {
    return this.#calls.run(options, (signal) =>
      this.#identity
        .check(signal)
        .andThen(() => this.#layout.storage.delete([holdKey(checkpointId)], { signal })),
    );
  }

  list(options: CallOptions = {}): ResultAsync<readonly CheckpointId[], StoreError> {
    const held: CheckpointId[] = [];
    return this.#calls.run(options, (signal) =>
      eachObject(this.#layout.storage, { prefix: HOLDS_PREFIX, signal }, ({ key }) => {
        const checkpointId = parseHoldKey(key);
        if (checkpointId !== undefined) held.push(checkpointId);
        return 'go on';
      }).map(() => held),
    );
  }

  get(
    checkpointId: CheckpointId,
    options: CallOptions = {},
  ): ResultAsync<BackupHold | undefined, ListBackupsError> {
    return this.#calls.run(options, (signal) =>
      fromAsync<BackupHold | undefined, ListBackupsError>(async () => {
        const { storage } = this.#layout;
        const key = holdKey(checkpointId);
        const range = { start: 0, length: BODY_SIZE_BYTES_MAX };
        const body = await storage.get(key, { range, signal });
        if (body.isErr()) return body.error.name === 'ObjectNotFound' ? ok(undefined) : err(body.error);
        return parseBody(objectName(storage, key), body.value, holdShape);
      }),
    );
  }
}
