// The data keys of a place: kept in the store, each wrapped by one or more keys of the operator. Makes one for the
// first save; never writes over one. Nothing here is read or written where nothing is encrypted.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { EncryptionKeyMissing, EncryptionKeyWrong } from '../../core/encryption-errors.ts';
import { BackupCorrupt, type ObjectAlreadyExists, type StoreError, StoreFailure } from '../../core/errors.ts';
import { BODY_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { KeyRotation } from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { Logger } from '../../ports/telemetry.ts';
import { randomSecret } from '../../runtime/random-secret.ts';
import { wrappedKeyShape } from './body-shapes.ts';
import { DataKey } from './data-key.ts';
import { KEYS_PREFIX, parseWrappedKeyKey, wrappedKeyKey } from './keys.ts';
import { eachObject } from './list-copies.ts';
import { jsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';
import { parseBody } from './parse-body.ts';
import { KEY_BYTES, keyFor, NONCE_BYTES, seal, unseal } from './sealing.ts';

/** A key of the operator. `secret` has 32 bytes. */
export interface MasterKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** A data key and who can open it. */
interface Wraps {
  readonly dataKeyId: string;
  readonly keyIds: readonly string[];
}

export interface PlaceKeysComponents {
  readonly storage: ObjectStorage;
  readonly logger: Logger;
}

/** The data keys that were opened are kept: each costs one LIST and one GET in the life of a store. */
export class PlaceKeys {
  readonly #components: PlaceKeysComponents;
  readonly #masterKeys: readonly MasterKey[];
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #one = pLimit(1);
  #own: DataKey | undefined;

  /** The first key wraps what is new; all of them open. Without one nothing is encrypted. */
  constructor(components: PlaceKeysComponents, masterKeys: readonly MasterKey[]) {
    this.#components = components;
    this.#masterKeys = masterKeys;
  }

  /** The key that saves encrypt with: made when there is none. Undefined when saves do not encrypt. */
  forSaving(signal: AbortSignal): ResultAsync<DataKey | undefined, StoreError> {
    return fromAsync<DataKey | undefined, StoreError>(async () => {
      if (this.#masterKeys.length === 0) return ok(undefined);
      return this.#one(async () => {
        if (this.#own !== undefined) return ok(this.#own);
        const own = await this.#findOrMake(signal);
        if (own.isOk()) this.#own = own.value;
        return own;
      });
    });
  }

  /** The key with this id, as a manifest names it. */
  open(dataKeyId: string, signal: AbortSignal | undefined): ResultAsync<DataKey, StoreError> {
    return fromAsync<DataKey, StoreError>(async () => {
      if (this.#secrets.has(dataKeyId)) return this.#opened({ dataKeyId, keyIds: [] }, signal);
      const found = await this.#list(signal, dataKeyId);
      if (found.isErr()) return err(found.error);
      return this.#opened(found.value[0] ?? { dataKeyId, keyIds: [] }, signal);
    });
  }

  /**
   * Wraps every data key with the first key as well, and with `removeOthers` takes away what the others wrapped. A
   * LIST, up to three requests for each data key, and a DELETE: no chunk and no manifest is touched.
   */
  rotate(removeOthers: boolean, signal: AbortSignal): ResultAsync<KeyRotation, StoreError> {
    return fromAsync<KeyRotation, StoreError>(async () => {
      const [first] = this.#masterKeys;
      const found = await this.#list(signal);
      if (found.isErr()) return err(found.error);
      if (first === undefined) {
        return err(
          new EncryptionKeyMissing(
            this.#nameOf(KEYS_PREFIX),
            found.value.flatMap((k) => k.keyIds),
          ),
        );
      }
      let wrapped = 0;
      for (const wraps of found.value) {
        if (!wraps.keyIds.includes(first.id)) {
          const secret = await this.#secretOf(wraps, signal);
          if (secret.isErr()) return err(secret.error);
          const put = await this.#wrap(wraps.dataKeyId, first, secret.value, signal);
          if (put.isErr()) return err(put.error);
          wrapped += 1;
        }
        // The others go only when the first is seen to open it.
        const opens = await this.#unwrap(wraps.dataKeyId, first, signal);
        if (opens.isErr()) return err(opens.error);
      }
      const others = found.value.flatMap(({ dataKeyId, keyIds }) =>
        keyIds.filter((id) => id !== first.id).map((id) => wrappedKeyKey(dataKeyId, id)),
      );
      if (removeOthers && others.length > 0) {
        const removed = await this.#components.storage.delete(others, { signal });
        if (removed.isErr()) return err(removed.error);
      }
      return ok({
        keyId: first.id,
        dataKeys: found.value.length,
        wrapped,
        removed: removeOthers ? others.length : 0,
        left: removeOthers ? 0 : others.length,
      });
    });
  }

  /** Two nodes may make one each at the same time. Both stay, and all who come later take the first by its name. */
  #findOrMake(signal: AbortSignal): ResultAsync<DataKey, StoreError> {
    return fromAsync<DataKey, StoreError>(async () => {
      let found = await this.#list(signal);
      if (found.isErr()) return err(found.error);
      if (found.value.length === 0) {
        const made = await this.#make(signal);
        if (made.isErr()) return err(made.error);
        found = await this.#list(signal);
        if (found.isErr()) return err(found.error);
      }
      const known = new Set(this.#masterKeys.map(({ id }) => id));
      const own = found.value.find(({ keyIds }) => keyIds.some((id) => known.has(id)));
      if (own !== undefined) return this.#opened(own, signal);
      const keyIds = found.value.flatMap((wraps) => wraps.keyIds);
      return err(new EncryptionKeyMissing(this.#nameOf(KEYS_PREFIX), [...new Set(keyIds)]));
    });
  }

  #make(signal: AbortSignal): ResultAsync<void, StoreError> {
    const [first] = this.#masterKeys;
    const dataKeyId = randomSecret(16).toString('hex');
    const { logger } = this.#components;
    return fromAsync<void, StoreError>(async () => {
      if (first === undefined) return ok();
      // Not kept: it is used once it was read back from the store, where it must be for good.
      const made = await this.#wrap(dataKeyId, first, randomSecret(KEY_BYTES), signal);
      if (made.isOk()) logger.info({ dataKeyId, keyId: first.id }, 'made a data key for this place');
      return made;
    });
  }

  #wrap(
    dataKeyId: string,
    master: MasterKey,
    secret: Uint8Array,
    signal: AbortSignal,
  ): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const key = wrappedKeyKey(dataKeyId, master.id);
      const nonce = randomSecret(NONCE_BYTES);
      const wrapped = seal(keyFor('wrap', master.secret), nonce, secret, key);
      const body = jsonBytes({
        format: FORMAT,
        nonce: nonce.toString('hex'),
        wrapped: Buffer.from(wrapped).toString('hex'),
      });
      const put = await this.#components.storage.put(key, body, { ifAbsent: true, signal });
      return put.isErr() && put.error.name !== 'ObjectAlreadyExists' ? err(other(put.error)) : ok();
    });
  }

  #opened(wraps: Wraps, signal: AbortSignal | undefined): ResultAsync<DataKey, StoreError> {
    return this.#secretOf(wraps, signal).map((secret) => new DataKey(wraps.dataKeyId, secret));
  }

  #secretOf(
    { dataKeyId, keyIds }: Wraps,
    signal: AbortSignal | undefined,
  ): ResultAsync<Uint8Array, StoreError> {
    return fromAsync<Uint8Array, StoreError>(async () => {
      const known = this.#secrets.get(dataKeyId);
      if (known !== undefined) return ok(known);
      const master = this.#masterKeys.find(({ id }) => keyIds.includes(id));
      if (master === undefined) {
        return err(new EncryptionKeyMissing(this.#nameOf(`${KEYS_PREFIX}${dataKeyId}/`), keyIds));
      }
      const secret = await this.#unwrap(dataKeyId, master, signal);
      if (secret.isOk()) this.#secrets.set(dataKeyId, secret.value);
      return secret;
    });
  }

  #unwrap(
    dataKeyId: string,
    master: MasterKey,
    signal: AbortSignal | undefined,
  ): ResultAsync<Uint8Array, StoreError> {
    return fromAsync<Uint8Array, StoreError>(async () => {
      const key = wrappedKeyKey(dataKeyId, master.id);
      const object = this.#nameOf(key);
      const range = { start: 0, length: BODY_SIZE_BYTES_MAX };
      const body = await this.#components.storage.get(key, { range, signal });
      if (body.isErr()) {
        return err(body.error.name === 'ObjectNotFound' ? new EncryptionKeyMissing(object, []) : body.error);
      }
      const wrong = (): Result<Uint8Array, StoreError> => err(new EncryptionKeyWrong(object, master.id));
      const read = parseBody(object, body.value, wrappedKeyShape);
      if (read.isErr()) return read.error instanceof BackupCorrupt ? wrong() : err(read.error);
      const nonce = Buffer.from(read.value.nonce, 'hex');
      const secret = unseal(
        keyFor('wrap', master.secret),
        nonce,
        Buffer.from(read.value.wrapped, 'hex'),
        key,
      );
      return secret?.length === KEY_BYTES ? ok(secret) : wrong();
    });
  }

  /** In the order of their names. */
  #list(signal: AbortSignal | undefined, dataKeyId?: string): ResultAsync<readonly Wraps[], StoreError> {
    const found = new Map<string, string[]>();
    const prefix = dataKeyId === undefined ? KEYS_PREFIX : `${KEYS_PREFIX}${dataKeyId}/`;
    return eachObject(this.#components.storage, { prefix, signal }, ({ key }) => {
      const wrap = parseWrappedKeyKey(key);
      if (wrap !== undefined) {
        found.set(wrap.dataKeyId, [...(found.get(wrap.dataKeyId) ?? []), wrap.keyId]);
      }
      return 'go on';
    }).map(() => [...found].map(([id, keyIds]) => ({ dataKeyId: id, keyIds })));
  }

  #nameOf(key: string): string {
    return `${this.#components.storage.location}/${key}`;
  }
}

function other(error: StoreError | ObjectAlreadyExists): StoreError {
  return error.name === 'ObjectAlreadyExists' ? new StoreFailure('put key', error.message, error) : error;
}
