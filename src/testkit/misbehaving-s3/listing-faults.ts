// Listings that are wrong. A listing that is believed empty or complete, and is not, makes a retention delete what is
// needed. Each says which server gives it.

import { behaviour, honest, type S3Behaviour } from './s3-behaviour.ts';
import type { S3Exchange } from './s3-exchange.ts';
import { listingAnswer, listPage, type S3ListedObject, type S3ListingPage } from './s3-listing.ts';

/** Faults of ListObjectsV2. Other operations go through untouched. */
export const listingFaults = {
  /**
   * First an empty page with a token, and what there is only for the token. S3 may do so where much was deleted; a
   * client that takes an empty page for the end sees nothing.
   */
  emptyPageWithToken: (): S3Behaviour =>
    listing('an empty page with a token', (page, { request }) =>
      request.query.has('continuation-token')
        ? page
        : { ...page, ...NOTHING, isTruncated: true, nextToken: request.query.get('start-after') ?? ' ' },
    ),

  /** Always an empty page with a token. */
  emptyForEver: (): S3Behaviour =>
    listing('empty pages for ever', (page) => ({
      ...page,
      ...NOTHING,
      isTruncated: true,
      nextToken: 'again',
    })),

  /** The first page again and again, with the same token, whatever is asked. Supabase and others have. */
  repeatPage: (): S3Behaviour =>
    listing('the same page and token again', (_, { bucket, request }) => {
      const query = new URLSearchParams(request.query);
      query.delete('start-after');
      query.delete('continuation-token');
      return { ...listPage(bucket, query), isTruncated: true, nextToken: 'same' };
    }),

  /** Says that more follows, and gives no token to ask for it. */
  truncatedWithoutToken: (): S3Behaviour =>
    listing('truncated, without a token', (page) => ({ ...page, nextToken: undefined })),

  /** Does not say whether more follows. */
  withoutTruncation: (): S3Behaviour =>
    listing('no IsTruncated', (page) => ({ ...page, isTruncated: undefined })),

  /** Says that the page is the last one, and it is not. Servers that list no more than a thousand. */
  endsEarly: (): S3Behaviour =>
    listing('says that nothing follows', (page) => ({ ...page, isTruncated: false, nextToken: undefined })),

  /** The keys of a page in reverse. Servers that order as a dictionary would, or not at all. */
  unsorted: (): S3Behaviour =>
    listing('keys out of order', (page) => ({ ...page, contents: page.contents.toReversed() })),

  /** Keys of other prefixes too. */
  ignorePrefix: (): S3Behaviour =>
    listing('keys of other prefixes', (_, { bucket, request }) => {
      const query = new URLSearchParams(request.query);
      query.delete('prefix');
      return listPage(bucket, query);
    }),

  /** Announces another number of keys than it holds. */
  wrongCount: (): S3Behaviour =>
    listing('another KeyCount', (page) => ({ ...page, keyCount: page.contents.length + 1 })),

  /** XML that stops in its midst, with a length that agrees. SDKs of old took it for a short listing. */
  cutXml: (): S3Behaviour =>
    behaviour('cut XML', async (exchange) => {
      const given = await exchange.perform();
      if (exchange.request.operation !== 'ListObjectsV2') return exchange.send(given);
      await exchange.send({
        ...given,
        body: given.body.subarray(0, Math.floor(given.body.byteLength * 0.7)),
      });
    }),

  /** No LastModified, or one that is no time. */
  lastModified: (value: string | undefined): S3Behaviour =>
    listing(value === undefined ? 'no LastModified' : `LastModified '${value}'`, (page) =>
      each(page, (object) => ({ ...object, lastModified: value })),
    ),

  /** No Size, or one that is no number. */
  size: (value: string | undefined): S3Behaviour =>
    listing(value === undefined ? 'no Size' : `Size '${value}'`, (page) =>
      each(page, (object) => ({ ...object, size: value })),
    ),

  /** Leaves out what it has not heard of yet: a listing that is consistent only in the end, as Garage's. */
  late: (isLeftOut: (key: string) => boolean): S3Behaviour =>
    listing('leaves out what is new', (page) => {
      const contents = page.contents.filter(({ key }) => !isLeftOut(key));
      return { ...page, contents, keyCount: contents.length };
    }),
};

const NOTHING = { contents: [], keyCount: 0 };

function listing(
  name: string,
  change: (page: S3ListingPage, exchange: S3Exchange) => S3ListingPage,
): S3Behaviour {
  return behaviour(name, async (exchange) => {
    const { request, bucket } = exchange;
    if (request.operation !== 'ListObjectsV2' || request.bucket !== bucket.name) return honest.act(exchange);
    await exchange.readBody();
    await exchange.send(listingAnswer(change(listPage(bucket, request.query), exchange)));
  });
}

function each(page: S3ListingPage, change: (object: S3ListedObject) => S3ListedObject): S3ListingPage {
  return { ...page, contents: page.contents.map(change) };
}
