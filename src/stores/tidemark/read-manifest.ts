// Fetches one manifest and reads it. Size first: what a listing calls too large is never fetched.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupDescriptor, BackupId } from '../../core/backup.ts';
import { BackupCorrupt, type ObjectNotFound, type StoreError } from '../../core/errors.ts';
import { MANIFEST_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { Marker } from './copy-state.ts';
import { type Layout, objectName } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { parseManifest, parseManifestHead } from './parse-manifest.ts';

type ReadManifestError = StoreError | BackupCorrupt | ObjectNotFound;

export function readManifest(
  layout: Layout,
  id: BackupId,
  completed: Marker,
  signal: AbortSignal | undefined,
): ResultAsync<Manifest, ReadManifestError> {
  const openKey = (keyId: string) => layout.keys.open(keyId, signal);
  return fetchManifest(layout, completed, signal).andThen(({ object, bytes }) =>
    parseManifest(bytes, { object, id, attempt: completed.attempt.text, openKey }),
  );
}

/** What the manifest says of the backup as a whole. Asks for no key. */
export function readDescriptor(
  layout: Layout,
  id: BackupId,
  completed: Marker,
  signal: AbortSignal | undefined,
): ResultAsync<BackupDescriptor, ReadManifestError> {
  return fromAsync<BackupDescriptor, ReadManifestError>(async () => {
    const fetched = await fetchManifest(layout, completed, signal);
    if (fetched.isErr()) return err(fetched.error);
    const { object, bytes } = fetched.value;
    const expected = { object, id, attempt: completed.attempt.text };
    const head = await parseManifestHead(bytes, expected);
    if (head.isErr()) return err(head.error);
    if (head.value.encryption) return ok(head.value.descriptor);
    return parseManifest(bytes, expected).map(({ descriptor }) => descriptor);
  });
}

function fetchManifest(
  { storage }: Layout,
  completed: Marker,
  signal: AbortSignal | undefined,
): ResultAsync<{ readonly object: string; readonly bytes: Uint8Array }, ReadManifestError> {
  return fromAsync<{ readonly object: string; readonly bytes: Uint8Array }, ReadManifestError>(async () => {
    const object = objectName(storage, completed.key);
    if (completed.sizeBytes > MANIFEST_SIZE_BYTES_MAX) {
      return err(new BackupCorrupt(object, `has ${completed.sizeBytes} bytes, too many for a manifest`));
    }
    const body = await storage.get(completed.key, { signal });
    return body.map((bytes) => ({ object, bytes }));
  });
}
