// Reads which operation of S3 a request asks for, and of which object. Path style alone: `/bucket/key`.
import type { IncomingMessage } from 'node:http';

/** The operations that the server knows, by S3's own names. Anything else is `Other`. */
export type S3Operation =
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Other';

/** A request as it came in, without its body. Needs no types of Node: it is part of the package's own. */
export interface S3Request {
  readonly operation: S3Operation;
  readonly method: string;
  readonly bucket: string;
  /** Empty when the request is for the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Which connection it came on, and as which request of that connection; both count from 1. */
  readonly connection: number;
  readonly turn: number;
}

export function readS3Request(
  { method = '', url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  place: Pick<S3Request, 'connection' | 'turn'>,
): S3Request {
  const { pathname, searchParams: query } = new URL(url, 'http://loopback');
  const [, bucket = '', path = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? [];
  const key = decodeURIComponent(path);
  const operation = key === '' ? bucketOperation(method, query) : objectOperation(method, query);
  return { operation, method, bucket, key, query, headers, ...place };
}

function bucketOperation(method: string, query: URLSearchParams): S3Operation {
  if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
  return method === 'POST' && query.has('delete') ? 'DeleteObjects' : 'Other';
}

function objectOperation(method: string, query: URLSearchParams): S3Operation {
  const isUpload = query.has('uploadId');
  switch (method) {
    case 'PUT':
      return isUpload ? 'UploadPart' : 'PutObject';
    case 'GET':
      return isUpload ? 'Other' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'DELETE':
      return isUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return isUpload ? 'CompleteMultipartUpload' : 'Other';
    default:
      return 'Other';
  }
}
