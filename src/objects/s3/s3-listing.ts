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

/** The objects of a listing, or what is wrong with it. */
export function readListing(
  listing: S3Listing,
  bounds: S3ListingBounds,
): Result<{ readonly objects: ObjectInfo[]; readonly truncated: boolean }, string> {
  const { IsTruncated: truncated, KeyCount, Name, Contents = [] } = listing;
  if (truncated === undefined || (KeyCount === undefined && Name === undefined)) {
    return err(
      'the answer is no listing; check that the endpoint is an S3 server and no proxy stands before it',
    );
  }
  if (KeyCount !== undefined && KeyCount !== Contents.length) {
    return err(`the listing announces ${KeyCount} keys and holds ${Contents.length}`);
  }
  if (truncated && Contents.length === 0) return err('the listing is empty and says that more follows');
  if (Contents.length > bounds.limit)
    return err(`the listing holds more than the ${bounds.limit} keys asked for`);
  const objects: ObjectInfo[] = [];
  let last = bounds.startAfter;
  for (const { Key: key, Size: sizeBytes, LastModified } of Contents) {
    const lastModified = LastModified?.getTime() ?? Number.NaN;
    if (key === undefined || sizeBytes === undefined || Number.isNaN(lastModified)) {
      return err(`an entry of the listing lacks its key, size or time: key=${key}`);
    }
    if (!key.startsWith(bounds.prefix))
      return err(`the listing holds a key outside of the prefix: key=${key}`);
    if (last !== undefined && compareKeys(key, last) <= 0) {
      return err(`the listing is not in order, or repeats itself: key=${key} after=${last}`);
    }
    objects.push({ key, sizeBytes, lastModified });
    last = key;
  }
  return ok({ objects, truncated });
}
