// Listings as plain values, so that a fault can change one before it becomes XML.
import { compareKeys } from '../../objects/object-key.ts';
import { escapeXml, type S3Answer, xmlAnswer } from './s3-answer.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** One object of a page, as it is written. What is undefined is left out. */
export interface S3ListedObject {
  readonly key: string;
  readonly size: string | undefined;
  readonly lastModified: string | undefined;
  readonly etag: string;
}

/** A page of ListObjectsV2, as it is written. What is undefined is left out. */
export interface S3ListingPage {
  readonly name: string | undefined;
  readonly prefix: string;
  readonly maxKeys: number;
  readonly keyCount: number | undefined;
  readonly isTruncated: boolean | undefined;
  readonly nextToken: string | undefined;
  readonly contents: readonly S3ListedObject[];
}

const KEYS_PER_PAGE_MAX = 1_000;

/** What an honest server lists. A continuation token is the last key of the page before. Knows no delimiter. */
export function listPage(bucket: S3Bucket, query: URLSearchParams): S3ListingPage {
  const prefix = query.get('prefix') ?? '';
  const asked = Number(query.get('max-keys') ?? KEYS_PER_PAGE_MAX);
  const maxKeys = Math.min(Number.isSafeInteger(asked) ? asked : KEYS_PER_PAGE_MAX, KEYS_PER_PAGE_MAX);
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const keys = bucket.keys().filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0);
  const shown = keys.slice(0, maxKeys);
  const isTruncated = keys.length > shown.length;
  return {
    name: bucket.name,
    prefix,
    maxKeys,
    keyCount: shown.length,
    isTruncated,
    nextToken: isTruncated ? shown.at(-1) : undefined,
    contents: shown.flatMap((key) => {
      const object = bucket.get(key);
      if (object === undefined) return [];
      const { bytes, etag, lastModified } = object;
      const time = new Date(lastModified).toISOString();
      return [{ key, size: String(bytes.byteLength), lastModified: time, etag }];
    }),
  };
}

export function listingAnswer(page: S3ListingPage): S3Answer {
  const contents = page.contents.map(
    ({ key, size, lastModified, etag }) =>
      `<Contents>${element('Key', key)}${element('LastModified', lastModified)}${element('ETag', etag)}` +
      `${element('Size', size)}<StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const head = [
    element('Name', page.name),
    element('Prefix', page.prefix),
    element('KeyCount', page.keyCount?.toString()),
    element('MaxKeys', String(page.maxKeys)),
    element('IsTruncated', page.isTruncated?.toString()),
    element('NextContinuationToken', page.nextToken),
  ];
  const inner = [...head, ...contents].join('');
  return xmlAnswer(
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>`,
  );
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeXml(text)}</${name}>`;
}
