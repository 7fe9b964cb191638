// Tells a Zeebe's backup in the native layout, where `tidemark copy` has put it: by the names of its log's files.
import type { StoredBackup } from '../core/backup.ts';
import { segmentNumber } from '../zeebe/journal/segment-name.ts';

/** Restored into the default directories such files would not be found by a Zeebe, which would then start empty. */
export function holdsZeebeFiles({ id, segmentFiles }: StoredBackup): boolean {
  const isSegment = ({ name }: { readonly name: string }) =>
    segmentNumber(name, id.partitionId) !== undefined;
  return segmentFiles.length > 0 && segmentFiles.every(isSegment);
}
