// Reads and writes the manifests of one copy. Every change of a state goes through here.
import { err, ok, type ResultAsync } from 'neverthrow';
import { type BackupId, timestamp } from '../../core/backup.ts';
import { BackupCorrupt, type ObjectAlreadyExists, type StoreError } from '../../core/errors.ts';
import { MANIFEST_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { objectName } from '../tidemark/layout.ts';
import { COPY_PLACES, type CopyPlace, manifestKey } from './keys.ts';
import type { ZeebeLayout } from './layout.ts';
import { encodeManifest, failedFromNothing, type Manifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

/** A manifest and where it lies; the files of its copy lie in the same place. */
export interface PlacedManifest {
  readonly place: CopyPlace;
  readonly manifest: Manifest;
}

type Where = Pick<ZeebeLayout, 'storage'>;

/** The manifest of a copy in one place, or undefined when there is none. */
export function readManifestAt(
  { storage }: Where,
  place: CopyPlace,
  id: BackupId,
  signal: AbortSignal | undefined,
): ResultAsync<PlacedManifest | undefined, StoreError | BackupCorrupt> {
  return fromAsync<PlacedManifest | undefined, StoreError | BackupCorrupt>(async () => {
    const key = manifestKey(place, id);
    const object = objectName(storage, key);
    // No listing has told how large it is. One byte more than it may have shows that it has too many.
    const body = await storage.get(key, { range: { start: 0, length: MANIFEST_SIZE_BYTES_MAX + 1 }, signal });
    if (body.isErr()) return body.error.name === 'ObjectNotFound' ? ok(undefined) : err(body.error);
    if (body.value.byteLength > MANIFEST_SIZE_BYTES_MAX) {
      return err(new BackupCorrupt(object, `has more than ${MANIFEST_SIZE_BYTES_MAX} bytes`));
    }
    return parseManifest(body.value, { object, id }).map((manifest) => ({
      place,
      manifest,
    }));
  });
}

/** The manifest of a copy, wherever it lies. */
export function readManifest(
  layout: Where,
  id: BackupId,
  signal: AbortSignal | undefined,
): ResultAsync<PlacedManifest | undefined, StoreError | BackupCorrupt> {
  return fromAsync<PlacedManifest | undefined, StoreError | BackupCorrupt>(async () => {
    const reads = await Promise.all(COPY_PLACES.map((place) => readManifestAt(layout, place, id, signal)));
    for (const read of reads) {
      if (read.isErr()) return err(read.error);
      if (read.value !== undefined) return ok(read.value);
    }
    return ok(undefined);
  });
}

/** Puts a manifest in place of what is there, or, create-only, of nothing. */
export function putManifest(
  { storage }: Where,
  { place, manifest }: PlacedManifest,
  options: { readonly signal: AbortSignal; readonly ifAbsent?: boolean },
): ResultAsync<void, StoreError | ObjectAlreadyExists> {
  return storage.put(manifestKey(place, manifest.id), encodeManifest(manifest), options);
}

/** Puts the manifest of a copy that failed: of `found`, which keeps all else it says, or of nothing. */
export function putFailed(
  layout: Pick<ZeebeLayout, 'storage' | 'clock'>,
  id: BackupId,
  found: PlacedManifest | undefined,
  failureReason: string,
  signal: AbortSignal,
): ResultAsync<void, StoreError> {
  const now = timestamp(layout.clock.now());
  const manifest: Manifest =
    found === undefined
      ? failedFromNothing(id, failureReason, now)
      : { ...found.manifest, statusCode: 'failed', failureReason, modifiedAt: now };
  return putManifest(layout, { place: found?.place ?? 'flat', manifest }, { signal }).orElse((error) =>
    // Nothing is create-only here.
    error.name === 'ObjectAlreadyExists' ? ok(undefined) : err(error),
  );
}
