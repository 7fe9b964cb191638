// Fetches one manifest and reads it. Size first: what a listing calls too large is never fetched.
import { err, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { BackupCorrupt, type ObjectNotFound, type StoreError } from '../../core/errors.ts';
import { MANIFEST_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { Marker } from './copy-state.ts';
import { type Layout, objectName } from './layout.ts';
import type { Manifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';

export function readManifest(
  { storage }: Layout,
  id: BackupId,
  completed: Marker,
  signal: AbortSignal | undefined,
): ResultAsync<Manifest, StoreError | BackupCorrupt | ObjectNotFound> {
  return fromAsync<Manifest, StoreError | BackupCorrupt | ObjectNotFound>(async () => {
    const object = objectName(storage, completed.key);
    if (completed.sizeBytes > MANIFEST_SIZE_BYTES_MAX) {
      return err(new BackupCorrupt(object, `has ${completed.sizeBytes} bytes, too many for a manifest`));
    }
    const body = await storage.get(completed.key, { signal });
    if (body.isErr()) return err(body.error);
    return parseManifest(body.value, { object, id, attempt: completed.attempt.text });
  });
}
