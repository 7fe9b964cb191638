// Labels: an empty object for each, whose name says all. One LIST gives those of one backup, or of all.
import { err, ok, type ResultAsync } from 'neverthrow';
import { type ForeignCluster, InvalidInput, type StoreError } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupLabels, CallOptions, LabelError, LabelledBackup } from '../../ports/backup-store.ts';
import type { CallsInFlight } from '../calls-in-flight.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { LABELS_PREFIX, labelKey, labelsPrefix, parseLabelKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { eachObject } from './list-copies.ts';

interface FoundLabel {
  readonly key: string;
  readonly checkpointId: CheckpointId;
  readonly name: string;
  readonly value: string;
  readonly lastModified: number;
}

/** The labels of a native store. */
export class Labels implements BackupLabels {
  readonly #layout: Layout;
  readonly #identity: ClusterIdentity;
  readonly #calls: CallsInFlight;

  constructor(layout: Layout, identity: ClusterIdentity, calls: CallsInFlight) {
    this.#layout = layout;
    this.#identity = identity;
    this.#calls = calls;
  }

  set(
    checkpointId: CheckpointId,
    name: string,
    value: string,
    options: CallOptions = {},
  ): ResultAsync<void, LabelError> {
    return this.#calls.run(options, (signal) =>
      fromAsync<void, LabelError>(async () => {
        const key = labelKey(checkpointId, name, value);
        if (key === undefined) return err(notALabel(name, value));
        const claimed = await this.#identity.claim(signal);
        if (claimed.isErr()) return err(claimed.error);
        const { storage } = this.#layout;
        const put = await storage.put(key, new Uint8Array(), { signal });
        if (put.isErr()) return put.error.name === 'ObjectAlreadyExists' ? ok() : err(put.error);
        return this.#delete(checkpointId, name, signal, key);
      }),
    );
  }

  remove(checkpointId: CheckpointId, name: string, options: CallOptions = {}): ResultAsync<void, LabelError> {
    return this.#calls.run(options, (signal) =>
      labelKey(checkpointId, name, '') === undefined
        ? fromAsync<void, LabelError>(async () => err(notALabel(name, '')))
        : this.#identity.check(signal).andThen(() => this.#delete(checkpointId, name, signal)),
    );
  }

  list(
    checkpointId?: CheckpointId,
    options: CallOptions = {},
  ): ResultAsync<readonly LabelledBackup[], StoreError> {
    const prefix = checkpointId === undefined ? LABELS_PREFIX : labelsPrefix(checkpointId);
    return this.#calls.run(options, (signal) =>
      this.#find(prefix, signal).map((found) =>
        [...Map.groupBy(found, (label) => label.checkpointId)].map(([id, labels]) => ({
          checkpointId: id,
          labels: Object.fromEntries(
            labels
              .toSorted((a, b) => a.lastModified - b.lastModified)
              .map(({ name, value }): [string, string] => [name, value]),
          ),
        })),
      ),
    );
  }

  /** Deletes what the label has been, but for the object at `except`. */
  #delete(
    checkpointId: CheckpointId,
    name: string,
    signal: AbortSignal,
    except?: string,
  ): ResultAsync<void, StoreError | ForeignCluster> {
    const { storage } = this.#layout;
    return fromAsync<void, StoreError | ForeignCluster>(async () => {
      const found = await this.#find(`${labelsPrefix(checkpointId)}${name}=`, signal);
      if (found.isErr()) return err(found.error);
      const keys = found.value.map(({ key }) => key).filter((key) => key !== except);
      return keys.length === 0 ? ok() : storage.delete(keys, { signal });
    });
  }

  #find(prefix: string, signal: AbortSignal): ResultAsync<readonly FoundLabel[], StoreError> {
    const found: FoundLabel[] = [];
    return eachObject(this.#layout.storage, { prefix, signal }, ({ key, lastModified }) => {
      const label = parseLabelKey(key);
      if (label !== undefined) found.push({ ...label, key, lastModified });
      return 'go on';
    }).map(() => found);
  }
}

function notALabel(name: string, value: string): InvalidInput {
  const shown = `${name}=${value}`.slice(0, 80);
  const detail = 'a name has 1 to 63 of a-z 0-9 . _ -, a value up to 127 of letters, digits and . _ : + @ -';
  return new InvalidInput('label', `${detail}; got '${shown}'`);
}
