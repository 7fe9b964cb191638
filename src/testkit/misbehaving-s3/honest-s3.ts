// What a well-behaved server does: every operation that it knows, on a bucket in memory. It checks no signature and
// no checksum, takes parts of any size, and knows no versions, metadata, copies or delimiters.
import { answer, elementsOf, errorAnswer, escapeXml, type S3Answer, xmlAnswer } from './s3-answer.ts';
import { etagOf, type S3Bucket, type S3StoredObject } from './s3-bucket.ts';
import { listingAnswer, listPage } from './s3-listing.ts';
import type { S3Request } from './s3-request.ts';

/** Does what is asked, and gives the answer to it. */
export function performHonestly(bucket: S3Bucket, request: S3Request, body: Uint8Array): S3Answer {
  if (request.bucket !== bucket.name) return errorAnswer(404, 'NoSuchBucket');
  const { key, query } = request;
  switch (request.operation) {
    case 'PutObject':
      return putObject(bucket, request, body);
    case 'GetObject':
    case 'HeadObject':
      return getObject(bucket.get(key), request);
    case 'DeleteObject':
      bucket.delete(key);
      return answer(204);
    case 'DeleteObjects':
      return deleteObjects(bucket, elementsOf(decode(body), 'Key'));
    case 'ListObjectsV2':
      return listingAnswer(listPage(bucket, query));
    case 'CreateMultipartUpload': {
      const id = bucket.startUpload(key);
      const inner = `<Bucket>${bucket.name}</Bucket><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId>`;
      return xmlAnswer(200, `<InitiateMultipartUploadResult>${inner}</InitiateMultipartUploadResult>`);
    }
    case 'UploadPart':
      return uploadPart(bucket, request, body);
    case 'CompleteMultipartUpload':
      return completeUpload(bucket, request, decode(body));
    case 'AbortMultipartUpload':
      return bucket.uploads.delete(query.get('uploadId') ?? '') ? answer(204) : noSuchUpload();
    default:
      return errorAnswer(501, 'NotImplemented', { message: 'This server does not know the request.' });
  }
}

function putObject(bucket: S3Bucket, { key, headers }: S3Request, body: Uint8Array): S3Answer {
  if (headers['x-amz-content-sha256']?.toString().startsWith('STREAMING-')) {
    return errorAnswer(501, 'NotImplemented', { message: 'aws-chunked bodies are not known here.' });
  }
  const isThere = bucket.get(key) !== undefined;
  if (headers['if-none-match'] === '*' && isThere) return errorAnswer(412, 'PreconditionFailed');
  return answer(200, { etag: bucket.put(key, body).etag });
}

function getObject(object: S3StoredObject | undefined, { headers }: S3Request): S3Answer {
  if (object === undefined) return errorAnswer(404, 'NoSuchKey');
  const { bytes, etag, lastModified } = object;
  const size = bytes.byteLength;
  const common = {
    etag,
    'last-modified': new Date(lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  };
  const [isRange, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(String(headers.range)) ?? [];
  if (isRange === undefined) return answer(200, common, bytes);
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) return errorAnswer(416, 'InvalidRange');
  const range = { 'content-range': `bytes ${first}-${last}/${size}` };
  return answer(206, { ...common, ...range }, bytes.subarray(first, last + 1));
}

function deleteObjects(bucket: S3Bucket, keys: readonly string[]): S3Answer {
  for (const key of keys) bucket.delete(key);
  const deleted = keys.map((key) => `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`);
  return xmlAnswer(200, `<DeleteResult>${deleted.join('')}</DeleteResult>`);
}

function uploadPart(bucket: S3Bucket, { query }: S3Request, body: Uint8Array): S3Answer {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '');
  if (upload === undefined) return noSuchUpload();
  upload.parts.set(Number(query.get('partNumber')), Uint8Array.from(body));
  return answer(200, { etag: etagOf(body) });
}

function completeUpload(bucket: S3Bucket, { key, query }: S3Request, xml: string): S3Answer {
  const id = query.get('uploadId') ?? '';
  const upload = bucket.uploads.get(id);
  if (upload === undefined) return noSuchUpload();
  const etags = elementsOf(xml, 'ETag');
  const parts: Uint8Array[] = [];
  for (const [index, number] of elementsOf(xml, 'PartNumber').entries()) {
    const part = upload.parts.get(Number(number));
    if (part === undefined || etagOf(part) !== etags[index]) return errorAnswer(400, 'InvalidPart');
    parts.push(part);
  }
  bucket.uploads.delete(id);
  const { etag } = bucket.put(key, Buffer.concat(parts));
  const inner = `<Bucket>${bucket.name}</Bucket><Key>${escapeXml(key)}</Key><ETag>${escapeXml(etag)}</ETag>`;
  return xmlAnswer(200, `<CompleteMultipartUploadResult>${inner}</CompleteMultipartUploadResult>`);
}

function noSuchUpload(): S3Answer {
  return errorAnswer(404, 'NoSuchUpload');
}

function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}
