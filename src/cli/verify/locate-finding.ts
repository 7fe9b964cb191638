// Tells of a finding which stored object it is about, and where in it. The verification itself knows files by their
// names only, for it also runs where nothing is stored yet.
import type { StoredBackup, StoredFile, StoredPart } from '../../core/backup.ts';
import type { Finding } from '../../zeebe/finding.ts';

/** A finding whose `object` is the full name of a stored object and whose `offset` lies in that object. */
export interface LocatedFinding extends Finding {
  /** The file of the backup, where it is about one. */
  readonly file?: string;
  /** In bytes of the file, where it is known. Differs from `offset` in an object that holds several files or a part. */
  readonly fileOffset?: number;
}

/** The object behind a finding. What is about no stored file, such as one that is missing, is the manifest's. */
export function locateFinding(backup: StoredBackup, finding: Finding): LocatedFinding {
  const { object: name, offset: fileOffset, ...others } = finding;
  const files = [...backup.snapshotFiles, ...backup.segmentFiles];
  const named = files.find((file) => file.name === name);
  if (named === undefined) {
    const file = files.find((candidate) => partsOf(candidate).some(({ object }) => object === name));
    if (file !== undefined) return { ...finding, file: file.name };
    return { ...others, object: backup.manifest ?? name, file: name };
  }
  const place = placeOf(named, fileOffset ?? 0);
  return {
    ...others,
    object: place?.object ?? name,
    ...(fileOffset === undefined || place?.offset === undefined ? {} : { offset: place.offset }),
    file: named.name,
    ...(fileOffset === undefined ? {} : { fileOffset }),
  };
}

/** All the parts of a file, none where the store cannot tell them. */
export function partsOf(file: StoredFile): readonly StoredPart[] {
  return [...(file.parts?.() ?? [])];
}

/** Where a byte lies; behind the last one, the end of the last part. */
export function placeOf(
  file: StoredFile,
  offset: number,
): { readonly object: string; readonly offset?: number } | undefined {
  let begin = 0;
  let last: StoredPart | undefined;
  for (const part of partsOf(file)) {
    if (last !== undefined && offset < begin) break;
    last = part;
    begin += part.sizeBytes;
  }
  if (last === undefined) return undefined;
  const inPart = offset - (begin - last.sizeBytes);
  return { object: last.object, ...(last.offset === undefined ? {} : { offset: last.offset + inPart }) };
}
