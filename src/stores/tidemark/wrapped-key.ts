// The object that holds a data key as one key of the operator wraps it: its bytes, and what can be told of them. Tells
// damage from another secret by the object's own digest, and never says what is in it.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { z } from 'zod';
import { EncryptionKeyDamaged, EncryptionKeyWrong } from '../../core/encryption-errors.ts';
import type { ObjectNotFound, StoreError } from '../../core/errors.ts';
import { BODY_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { randomSecret } from '../../runtime/random-secret.ts';
import { sha256Hex } from './digest.ts';
import { wrappedKeyKey } from './keys.ts';
import { jsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';
import { parseBody } from './parse-body.ts';
import { KEY_BYTES, keyFor, NONCE_BYTES, seal, unseal } from './sealing.ts';

/** A data key of 32 bytes with its tag. Those of the first days have no digest. */
const wrappedKeyShape = z.object({
  nonce: z.string().regex(/^[0-9a-f]{24}$/, 'expected 24 hex digits'),
  wrapped: z.string().regex(/^[0-9a-f]{96}$/, 'expected 96 hex digits'),
  sha256: z.string().optional(),
});

/** A key of the operator. `secret` has 32 bytes. */
export interface MasterKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The bytes of a new object, each time others. */
export function wrappedKeyBytes(dataKeyId: string, master: MasterKey, secret: Uint8Array): Uint8Array {
  const nonce = randomSecret(NONCE_BYTES);
  const key = wrappedKeyKey(dataKeyId, master.id);
  const wrapped = Buffer.from(seal(keyFor('wrap', master.secret), nonce, secret, key));
  const fields = { nonce: nonce.toString('hex'), wrapped: wrapped.toString('hex') };
  return jsonBytes({ format: FORMAT, ...fields, sha256: digestOf(fields) });
}

/** The data key in an object. EncryptionKeyWrong: it is whole, or of a time without digests, and does not open. */
export function unwrapKey(
  storage: ObjectStorage,
  dataKeyId: string,
  master: MasterKey,
  signal: AbortSignal | undefined,
): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
  return fromAsync<Uint8Array, StoreError | ObjectNotFound>(async () => {
    const key = wrappedKeyKey(dataKeyId, master.id);
    const read = await readWrapped(storage, key, signal);
    if (read.isErr()) return err(read.error);
    const { object, nonce, wrapped, flaw } = read.value;
    const secret = unseal(keyFor('wrap', master.secret), nonce, wrapped, key);
    // The tag proves it, whatever became of the digest.
    if (secret?.length === KEY_BYTES) return ok(secret);
    return err(
      flaw === undefined ? new EncryptionKeyWrong(object, master.id) : new EncryptionKeyDamaged(object, flaw),
    );
  });
}

/** What is wrong with an object that can be told without a key; undefined when nothing is, or it is not there. */
export function wrapFlaw(
  storage: ObjectStorage,
  key: string,
  signal: AbortSignal,
): ResultAsync<EncryptionKeyDamaged | undefined, StoreError> {
  return fromAsync<EncryptionKeyDamaged | undefined, StoreError>(async () => {
    const read = await readWrapped(storage, key, signal);
    if (read.isErr()) {
      const { error } = read;
      if (error.name === 'ObjectNotFound') return ok(undefined);
      return error.name === 'EncryptionKeyDamaged' ? ok(error) : err(error);
    }
    const { object, flaw } = read.value;
    return ok(flaw === undefined ? undefined : new EncryptionKeyDamaged(object, flaw));
  });
}

interface Wrapped {
  readonly object: string;
  readonly nonce: Uint8Array;
  readonly wrapped: Uint8Array;
  /** Its digest is another one. */
  readonly flaw: string | undefined;
}

function readWrapped(
  storage: ObjectStorage,
  key: string,
  signal: AbortSignal | undefined,
): ResultAsync<Wrapped, StoreError | ObjectNotFound> {
  return fromAsync<Wrapped, StoreError | ObjectNotFound>(async () => {
    const object = `${storage.location}/${key}`;
    const body = await storage.get(key, { range: { start: 0, length: BODY_SIZE_BYTES_MAX }, signal });
    if (body.isErr()) return err(body.error);
    const parsed: Result<Wrapped, StoreError | ObjectNotFound> = parseBody(
      object,
      body.value,
      wrappedKeyShape,
    )
      .map(({ nonce, wrapped, sha256 }) => ({
        object,
        nonce: Buffer.from(nonce, 'hex'),
        wrapped: Buffer.from(wrapped, 'hex'),
        flaw: sha256 === undefined || sha256 === digestOf({ nonce, wrapped }) ? undefined : OTHER_DIGEST,
      }))
      .mapErr((error) =>
        error.name === 'BackupCorrupt' ? new EncryptionKeyDamaged(object, error.detail) : error,
      );
    return parsed;
  });
}

const OTHER_DIGEST = 'has another digest than it says';

function digestOf({ nonce, wrapped }: { readonly nonce: string; readonly wrapped: string }): string {
  return sha256Hex(Buffer.from(`${nonce}${wrapped}`));
}
