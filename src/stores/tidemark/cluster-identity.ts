// Whose place this is. The first save claims it for its cluster; every later one looks. Never overwrites the
// claim of another cluster where the storage can refuse to.
import { err, ok, type ResultAsync } from 'neverthrow';
import { ForeignCluster, type StoreError, StoreFailure } from '../../core/errors.ts';
import { BODY_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { identityShape } from './body-shapes.ts';
import { IDENTITY_KEY } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { jsonBytes, parseJsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';
import { tooNew, unknownFeature } from './parse-body.ts';

export type IdentityError = StoreError | ForeignCluster;

const NOT_HONOURED =
  'the storage does not honour create-only puts: a backup that is marked as failed in the moment of its ' +
  'publication may turn COMPLETED; see docs/reference/s3-servers.md for servers that honour them';

/** The claim on the place, checked once and remembered. */
export class ClusterIdentity {
  readonly #layout: Layout;
  #confirmed: { readonly clusterId: string | null } | undefined;
  #conditionalPut: boolean | undefined;
  #isFreshClaim = false;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Whether a second create-only put was refused. Undefined until this process has claimed the place. */
  get conditionalPut(): boolean | undefined {
    return this.#conditionalPut;
  }

  /**
   * Gives the id of the cluster that owns the place, or null when nobody has claimed it and we have no id.
   */
  claim(signal: AbortSignal | undefined): ResultAsync<string | null, IdentityError> {
    return fromAsync<string | null, IdentityError>(async () => {
      if (this.#confirmed !== undefined) return ok(this.#confirmed.clusterId);
      const { clusterId } = this.#layout.values;
      let found = await this.#read(signal);
      if (found.isErr()) return err(found.error);
      if (found.value === null && clusterId !== undefined) {
        const created = await this.#create(clusterId, signal);
        if (created.isErr()) return err(created.error);
        found = await this.#read(signal);
        if (found.isErr()) return err(found.error);
      }
      return this.#compare(found.value);
    });
  }

  /** Refuses a place that another cluster has claimed; claims nothing. A place that nobody has claimed is fine. */
  check(signal: AbortSignal | undefined): ResultAsync<void, IdentityError> {
    return fromAsync<void, IdentityError>(async () => {
      if (this.#confirmed !== undefined || this.#layout.values.clusterId === undefined) return ok();
      const found = await this.#read(signal);
      if (found.isErr()) return err(found.error);
      if (found.value === null) return ok();
      const compared = this.#compare(found.value);
      return compared.isErr() ? err(compared.error) : ok();
    });
  }

  /**
   * Looks again before the first publication of whoever claimed the place, and before all of its publications when
   * create-only puts are not honoured: of two clusters that claimed the place at once, the one that was
   * overwritten must not go on. A storage that only looks before it writes refuses the second put too, so a
   * refusal alone proves nothing about two at once.
   */
  confirm(signal: AbortSignal | undefined): ResultAsync<void, IdentityError> {
    return fromAsync<void, IdentityError>(async () => {
      if (!this.#isFreshClaim) return ok();
      const found = await this.#read(signal);
      if (found.isErr()) return err(found.error);
      const compared = this.#compare(found.value);
      if (compared.isErr()) return err(compared.error);
      this.#isFreshClaim = this.#conditionalPut === false;
      return ok();
    });
  }

  #compare(owner: string | null) {
    const { clusterId } = this.#layout.values;
    if (clusterId !== undefined && owner !== clusterId) {
      return err(new ForeignCluster(clusterId, owner ?? 'nothing, it was deleted'));
    }
    this.#confirmed = { clusterId: owner };
    return ok(owner);
  }

  #read(signal: AbortSignal | undefined): ResultAsync<string | null, StoreError> {
    return fromAsync<string | null, StoreError>(async () => {
      const { storage } = this.#layout;
      const range = { start: 0, length: BODY_SIZE_BYTES_MAX };
      const body = await storage.get(IDENTITY_KEY, { range, signal });
      if (body.isErr()) return body.error.name === 'ObjectNotFound' ? ok(null) : err(body.error);
      const object = objectName(storage, IDENTITY_KEY);
      try {
        const json = parseJsonBytes(body.value);
        const unknown = unknownFeature(json);
        if (unknown !== undefined) return err(tooNew(object, unknown));
        return ok(identityShape.parse(json).clusterId);
      } catch (cause) {
        const detail = `object=${object} does not name a cluster; restore it or choose another base path`;
        return err(new StoreFailure('read cluster identity', detail, cause));
      }
    });
  }

  /** Creates the object, and puts the same bytes again to find out whether the storage refuses that. */
  #create(clusterId: string, signal: AbortSignal | undefined): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { storage, logger } = this.#layout;
      const body = jsonBytes({ format: FORMAT, clusterId });
      const created = await storage.put(IDENTITY_KEY, body, { ifAbsent: true, signal });
      if (created.isErr()) return created.error.name === 'ObjectAlreadyExists' ? ok() : err(created.error);
      const again = await storage.put(IDENTITY_KEY, body, { ifAbsent: true, signal });
      if (again.isErr() && again.error.name !== 'ObjectAlreadyExists') return err(again.error);
      this.#conditionalPut = again.isErr();
      this.#isFreshClaim = true;
      const { location } = storage;
      logger.info({ location, clusterId }, 'claimed the backup store for this cluster');
      if (!this.#conditionalPut) logger.warn({ location }, NOT_HONOURED);
      return ok();
    });
  }
}
