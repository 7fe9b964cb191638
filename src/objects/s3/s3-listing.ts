// Reads the answer to a listing, and refuses what is none. An empty page that nobody meant would let a caller
// believe that nothing is there. Pure.
import { err, ok, type Result } from 'neverthrow';
import type { ObjectInfo } from '../../ports/object-storage.ts';
import { compareKeys } from '../object-key.ts';

/** The part of a ListObjectsV2 answer that is read. */
export interface S3Listing {
  readonly Name?: string | undefined;
  readonly KeyCount?: number | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly NextContinuationToken?: string | undefined;
  readonly Contents?:
    | readonly {
        readonly Key?: string | undefined;
        readonly Size?: number | undefined;
        readonly LastModified?: Date | undefined;
      }[]
    | undefined;
}

export interface S3ListingBounds {
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly limit: number;
}

/** A listing that contradicts itself does not become right by asking again. */
const UNSOUND = 'do not keep backups on a server that lists so: update it, or use another';

/** The objects of a listing, or what is wrong with it and what to do. */
export function readListing(
  listing: S3Listing,
  bounds: S3ListingBounds,
): Result<{ readonly objects: ObjectInfo[]; readonly truncated: boolean }, string> {
  const { IsTruncated: truncated, KeyCount, Name, Contents = [] } = listing;
  if (truncated === undefined || (KeyCount === undefined && Name === undefined)) {
    return err(
      'the answer is no listing; check that the endpoint is an S3 server, and that no proxy stands before it',
    );
  }
  const unsound = (what: string) => err(`${what}; ${UNSOUND}`);
  if (KeyCount !== undefined && KeyCount !== Contents.length) {
    return unsound(`the listing announces ${KeyCount} keys and holds ${Contents.length}`);
  }
  if (truncated && Contents.length === 0) return unsound('the listing is empty and says that more follows');
  if (Contents.length > bounds.limit)
    return unsound(`the listing holds more than the ${bounds.limit} keys asked for`);
  const objects: ObjectInfo[] = [];
  let last = bounds.startAfter;
  for (const { Key: key, Size: sizeBytes, LastModified } of Contents) {
    const lastModified = LastModified?.getTime() ?? Number.NaN;
    if (key === undefined || !isSize(sizeBytes) || Number.isNaN(lastModified)) {
      return unsound(`an entry of the listing lacks its key, size or time: key=${key}`);
    }
    if (!key.startsWith(bounds.prefix))
      return unsound(`the listing holds a key outside of the prefix: key=${key}`);
    if (last !== undefined && compareKeys(key, last) <= 0) {
      return unsound(`the listing is not in order, or repeats itself: key=${key} after=${last}`);
    }
    objects.push({ key, sizeBytes, lastModified });
    last = key;
  }
  return ok({ objects, truncated });
}

/**
 * The token to go on with when a page is empty and more follows, as S3 may answer where much was deleted. A token
 * that was used before leads nowhere.
 */
export function tokenBehindNothing(listing: S3Listing, used: ReadonlySet<string>): string | undefined {
  const { IsTruncated, Contents = [], NextContinuationToken: token } = listing;
  const goesOn = IsTruncated === true && Contents.length === 0;
  return goesOn && token !== undefined && !used.has(token) ? token : undefined;
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isSafeInteger(size) && size >= 0;
}
