// The data keys of a place: kept in the store, each wrapped by one or more keys of the operator. Makes one for the
// first save, and puts nothing over one that is whole. Nothing here is read or written where nothing is encrypted.
import { err, ok, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { EncryptionKeyDamaged, EncryptionKeyMissing } from '../../core/encryption-errors.ts';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import { invariant } from '../../core/invariant.ts';
import { fromAsync } from '../../core/result.ts';
import type { KeyRotation } from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { Logger } from '../../ports/telemetry.ts';
import { randomSecret } from '../../runtime/random-secret.ts';
import { DataKey } from './data-key.ts';
import { KEYS_PREFIX, parseWrappedKeyKey, wrappedKeyKey } from './keys.ts';
import { eachObject } from './list-copies.ts';
import { KEY_BYTES } from './sealing.ts';
import { type MasterKey, unwrapKey, wrapFlaw, wrappedKeyBytes } from './wrapped-key.ts';

export type { MasterKey };

/** A data key and who can open it. */
interface Wraps {
  readonly dataKeyId: string;
  readonly keyIds: readonly string[];
}

/** What became of a wrapped key that is damaged. */
export interface MendedKey {
  readonly damage: EncryptionKeyDamaged;
  /** The key of the operator that opened the data key, where it was, or could be, wrapped anew. */
  readonly openedBy?: string;
}

export interface PlaceKeysComponents {
  readonly storage: ObjectStorage;
  readonly logger: Logger;
}

/** The data keys that were opened are kept: each costs one LIST and one GET in the life of a store. */
export class PlaceKeys {
  readonly #components: PlaceKeysComponents;
  readonly #masterKeys: readonly MasterKey[];
  readonly #secrets = new Map<string, { readonly secret: Uint8Array; readonly openedBy: string }>();
  readonly #one = pLimit(1);
  #own: DataKey | undefined;

  /** The first key wraps what is new; all of them open. Without one nothing is encrypted. */
  constructor(components: PlaceKeysComponents, masterKeys: readonly MasterKey[]) {
    this.#components = components;
    this.#masterKeys = masterKeys;
  }

  /**
   * The key that saves encrypt with: made when there is none. Undefined when saves do not encrypt. Costs a LIST: what
   * is encrypted with a key that has gone from the store meanwhile could be read by nobody.
   */
  forSaving(signal: AbortSignal): ResultAsync<DataKey | undefined, StoreError> {
    return fromAsync<DataKey | undefined, StoreError>(async () => {
      const [first] = this.#masterKeys;
      if (first === undefined) return ok(undefined);
      return this.#one(async () => {
        const own = await this.#forSaving(first, signal);
        if (own.isOk()) this.#own = own.value;
        return own;
      });
    });
  }

  /** The key with this id, as a manifest names it. */
  open(dataKeyId: string, signal: AbortSignal | undefined): ResultAsync<DataKey, StoreError> {
    return fromAsync<DataKey, StoreError>(async () => {
      if (this.#secrets.has(dataKeyId)) return this.#opened({ dataKeyId, keyIds: [] }, signal);
      const opened = await this.#find(dataKeyId, signal);
      // A rotation may have taken away what was listed: then it has put another one there before.
      return opened.isErr() && opened.error.name === 'EncryptionKeyDamaged'
        ? this.#find(dataKeyId, signal)
        : opened;
    });
  }

  /**
   * Wraps every data key with the first key as well, and with `removeOthers` takes away what the others wrapped. A
   * LIST, up to three requests for each data key, a DELETE and another LIST: no chunk and no manifest is touched.
   */
  rotate(removeOthers: boolean, signal: AbortSignal): ResultAsync<KeyRotation, StoreError> {
    return fromAsync<KeyRotation, StoreError>(async () => {
      const [first] = this.#masterKeys;
      const found = await this.#list(signal);
      if (found.isErr()) return err(found.error);
      if (first === undefined) return err(this.#missing(found.value));
      let wrapped = 0;
      for (const wraps of found.value) {
        const isNew = await this.#letIn(wraps, first, signal);
        if (isNew.isErr()) return err(isNew.error);
        if (isNew.value) wrapped += 1;
      }
      const others = found.value.flatMap(({ dataKeyId, keyIds }) =>
        keyIds.filter((id) => id !== first.id).map((id) => wrappedKeyKey(dataKeyId, id)),
      );
      const counts = { keyId: first.id, dataKeys: found.value.length, wrapped };
      if (!removeOthers || others.length === 0) return ok({ ...counts, removed: 0, left: others.length });
      const removed = await this.#components.storage.delete(others, { signal });
      if (removed.isErr()) return err(removed.error);
      const kept = await this.#keep(found.value, first, signal);
      return kept.isErr() ? err(kept.error) : ok({ ...counts, removed: others.length, left: 0 });
    });
  }

  /** Wraps anew what is damaged beyond doubt and was wrapped by one of ours, when another one opens its data key. */
  mend(dryRun: boolean, signal: AbortSignal): ResultAsync<readonly MendedKey[], StoreError> {
    return fromAsync<readonly MendedKey[], StoreError>(async () => {
      const found = await this.#list(signal);
      if (found.isErr()) return err(found.error);
      const mended: MendedKey[] = [];
      for (const { dataKeyId, keyIds } of found.value) {
        for (const keyId of keyIds) {
          const flaw = await wrapFlaw(this.#components.storage, wrappedKeyKey(dataKeyId, keyId), signal);
          if (flaw.isErr()) return err(flaw.error);
          if (flaw.value === undefined) continue;
          const done = await this.#mendOne({ dataKeyId, keyIds }, keyId, flaw.value, { dryRun, signal });
          if (done.isErr()) return err(done.error);
          mended.push(done.value);
        }
      }
      return ok(mended);
    });
  }

  #mendOne(
    wraps: Wraps,
    keyId: string,
    damage: EncryptionKeyDamaged,
    { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
  ): ResultAsync<MendedKey, StoreError> {
    return fromAsync<MendedKey, StoreError>(async () => {
      const master = this.#masterKeys.find(({ id }) => id === keyId);
      if (master === undefined) return ok({ damage });
      const secret = await this.#secretOf(wraps, signal);
      if (secret.isErr()) {
        return secret.error.name.startsWith('EncryptionKey') ? ok({ damage }) : err(secret.error);
      }
      if (!dryRun) {
        const put = await this.#wrap(wraps.dataKeyId, master, secret.value, signal);
        if (put.isErr()) return err(put.error);
      }
      const openedBy = this.#secrets.get(wraps.dataKeyId)?.openedBy;
      return ok(openedBy === undefined ? { damage } : { damage, openedBy });
    });
  }

  async #forSaving(first: MasterKey, signal: AbortSignal) {
    const found = await this.#list(signal);
    if (found.isErr()) return err<DataKey, StoreError>(found.error);
    const own = this.#own;
    if (own === undefined) return this.#findOrMake(found.value, first, signal);
    if (found.value.some(({ dataKeyId }) => dataKeyId === own.id)) return ok<DataKey, StoreError>(own);
    const { secret } = this.#secrets.get(own.id) ?? {};
    invariant(secret !== undefined, 'a key that was opened is kept');
    this.#components.logger.warn({ dataKeyId: own.id }, 'a wrapped data key is gone, putting it back');
    return this.#wrap(own.id, first, secret, signal).map(() => own);
  }

  /** Two nodes may make one each at the same time. Both stay, and all who come later take the first by its name. */
  #findOrMake(
    listed: readonly Wraps[],
    first: MasterKey,
    signal: AbortSignal,
  ): ResultAsync<DataKey, StoreError> {
    return fromAsync<DataKey, StoreError>(async () => {
      let found = listed;
      if (found.length === 0) {
        const made = await this.#make(first, signal);
        if (made.isErr()) return err(made.error);
        const again = await this.#list(signal);
        if (again.isErr()) return err(again.error);
        found = again.value;
      }
      const known = new Set(this.#masterKeys.map(({ id }) => id));
      let damage: StoreError | undefined;
      for (const wraps of found) {
        if (!wraps.keyIds.some((id) => known.has(id))) continue;
        const opened = await this.#opened(wraps, signal);
        // Another secret is a mistake of this node: to go on with another data key would only hide it.
        if (opened.isOk() || opened.error.name !== 'EncryptionKeyDamaged') return opened;
        damage ??= opened.error;
      }
      return err(damage ?? this.#missing(found));
    });
  }

  #find(dataKeyId: string, signal: AbortSignal | undefined): ResultAsync<DataKey, StoreError> {
    return this.#list(signal, dataKeyId).andThen(([wraps]) =>
      this.#opened(wraps ?? { dataKeyId, keyIds: [] }, signal),
    );
  }

  #make(first: MasterKey, signal: AbortSignal): ResultAsync<void, StoreError> {
    const dataKeyId = randomSecret(16).toString('hex');
    // Not kept: it is used once it was read back from the store, where it must be for good.
    return this.#wrap(dataKeyId, first, randomSecret(KEY_BYTES), signal).andTee(() =>
      this.#components.logger.info({ dataKeyId, keyId: first.id }, 'made a data key for this place'),
    );
  }

  /** Puts the object, and over what is there only where that is damaged: as by a put that was cut. */
  #wrap(
    dataKeyId: string,
    master: MasterKey,
    secret: Uint8Array,
    signal: AbortSignal,
  ): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { storage } = this.#components;
      const key = wrappedKeyKey(dataKeyId, master.id);
      const body = wrappedKeyBytes(dataKeyId, master, secret);
      const put = await storage.put(key, body, { ifAbsent: true, signal });
      if (put.isOk()) return ok();
      if (put.error.name !== 'ObjectAlreadyExists') return err(put.error);
      const flaw = await wrapFlaw(storage, key, signal);
      if (flaw.isErr()) return err(flaw.error);
      if (flaw.value === undefined) return ok();
      return storage
        .put(key, body, { signal })
        .mapErr((error) =>
          error.name === 'ObjectAlreadyExists' ? new StoreFailure('put key', error.message, error) : error,
        );
    });
  }

  /** Lets the key open the data key, and sees that it does; says whether that is new. */
  #letIn(wraps: Wraps, master: MasterKey, signal: AbortSignal): ResultAsync<boolean, StoreError> {
    const { dataKeyId, keyIds } = wraps;
    return fromAsync<boolean, StoreError>(async () => {
      if (keyIds.includes(master.id)) {
        const opens = await this.#unwrap(dataKeyId, master, signal);
        if (opens.isOk()) return ok(false);
        if (opens.error.name !== 'EncryptionKeyDamaged') return err(opens.error);
      }
      const secret = await this.#secretOf(wraps, signal);
      if (secret.isErr()) return err(secret.error);
      return this.#wrap(dataKeyId, master, secret.value, signal)
        .andThen(() => this.#unwrap(dataKeyId, master, signal))
        .map(() => true);
    });
  }

  /**
   * After a removal: whoever rotates to another key at the same moment may have removed ours. Both look when they have
   * removed, so that at least one of the two puts its own back.
   */
  #keep(before: readonly Wraps[], master: MasterKey, signal: AbortSignal): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const now = await this.#list(signal);
      if (now.isErr()) return err(now.error);
      const isThere = new Set(now.value.flatMap((w) => (w.keyIds.includes(master.id) ? [w.dataKeyId] : [])));
      for (const { dataKeyId } of before) {
        const { secret } = this.#secrets.get(dataKeyId) ?? {};
        if (isThere.has(dataKeyId) || secret === undefined) continue;
        this.#components.logger.warn({ dataKeyId }, 'another rotation took this key away, putting it back');
        const put = await this.#wrap(dataKeyId, master, secret, signal);
        if (put.isErr()) return err(put.error);
      }
      return ok();
    });
  }

  #opened(wraps: Wraps, signal: AbortSignal | undefined): ResultAsync<DataKey, StoreError> {
    return this.#secretOf(wraps, signal).map((secret) => new DataKey(wraps.dataKeyId, secret));
  }

  /** By any of our keys: one damaged object does no harm while another one opens. */
  #secretOf(
    { dataKeyId, keyIds }: Wraps,
    signal: AbortSignal | undefined,
  ): ResultAsync<Uint8Array, StoreError> {
    return fromAsync<Uint8Array, StoreError>(async () => {
      const known = this.#secrets.get(dataKeyId);
      if (known !== undefined) return ok(known.secret);
      const where = this.#nameOf(`${KEYS_PREFIX}${dataKeyId}/`);
      if (keyIds.length === 0) return err(new EncryptionKeyDamaged(where, 'holds nothing any more'));
      let first: StoreError | undefined;
      for (const master of this.#masterKeys.filter(({ id }) => keyIds.includes(id))) {
        const secret = await this.#unwrap(dataKeyId, master, signal);
        if (secret.isOk()) return secret;
        if (!secret.error.name.startsWith('EncryptionKey')) return err(secret.error);
        first ??= secret.error;
      }
      return err(first ?? new EncryptionKeyMissing(where, keyIds));
    });
  }

  #unwrap(
    dataKeyId: string,
    master: MasterKey,
    signal: AbortSignal | undefined,
  ): ResultAsync<Uint8Array, StoreError> {
    const { storage } = this.#components;
    return unwrapKey(storage, dataKeyId, master, signal)
      .andTee((secret) => this.#secrets.set(dataKeyId, { secret, openedBy: master.id }))
      .mapErr((error) =>
        error.name === 'ObjectNotFound'
          ? new EncryptionKeyDamaged(this.#nameOf(wrappedKeyKey(dataKeyId, master.id)), 'is gone')
          : error,
      );
  }

  #missing(found: readonly Wraps[]): EncryptionKeyMissing {
    const keyIds = new Set(found.flatMap((wraps) => wraps.keyIds));
    return new EncryptionKeyMissing(this.#nameOf(KEYS_PREFIX), [...keyIds]);
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
