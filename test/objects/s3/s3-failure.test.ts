// What each failure of an S3 request becomes: one row per thing that servers and networks really say.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type S3FailureKind, s3FailureKind, s3StoreError } from '../../../src/objects/s3/s3-failure.ts';

const TABLE: readonly [code: string, status: number | undefined, kind: S3FailureKind][] = [
  ['ECONNREFUSED', undefined, 'unavailable'],
  ['ECONNRESET', undefined, 'unavailable'],
  ['ECONNRESET', 200, 'unavailable'],
  ['EPIPE', undefined, 'unavailable'],
  ['ENOTFOUND', undefined, 'unavailable'],
  ['EAI_AGAIN', undefined, 'unavailable'],
  ['ETIMEDOUT', undefined, 'unavailable'],
  ['TimeoutError', undefined, 'unavailable'],
  ['SlowDown', 503, 'unavailable'],
  ['SlowDownWrite', 503, 'unavailable'],
  ['ServiceUnavailable', 503, 'unavailable'],
  ['InternalError', 500, 'unavailable'],
  ['RequestTimeout', 400, 'unavailable'],
  ['ConditionalRequestConflict', 409, 'unavailable'],
  ['OperationAborted', 409, 'unavailable'],
  ['TooManyRequests', 429, 'unavailable'],
  ['Unknown', 429, 'unavailable'],
  ['Unknown', 500, 'unavailable'],
  ['SyntaxError', 502, 'unavailable'],
  ['Unknown', 503, 'unavailable'],
  ['Unknown', 504, 'unavailable'],
  ['Unknown', 520, 'unavailable'],
  ['TemporaryRedirect', 307, 'unavailable'],
  ['AccessDenied', 403, 'denied'],
  ['InvalidAccessKeyId', 403, 'denied'],
  ['SignatureDoesNotMatch', 403, 'denied'],
  ['ExpiredToken', 400, 'denied'],
  ['InvalidToken', 400, 'denied'],
  ['XAdminUserNotFound', 404, 'denied'],
  ['RequestTimeTooSkewed', 403, 'denied'],
  ['CredentialsProviderError', undefined, 'denied'],
  ['Unknown', 401, 'denied'],
  ['403', 403, 'denied'],
  ['NoSuchBucket', 404, 'bucket-missing'],
  ['NoSuchKey', 404, 'object-missing'],
  ['PreconditionFailed', 412, 'object-exists'],
  ['412', 412, 'object-exists'],
  ['InvalidRange', 416, 'range-outside'],
  ['PermanentRedirect', 301, 'wrong-region'],
  ['AuthorizationHeaderMalformed', 400, 'wrong-region'],
  ['Unknown', 301, 'wrong-region'],
  ['NotImplemented', 501, 'not-supported'],
  ['Unknown', 501, 'not-supported'],
  ['XMinioStorageFull', 507, 'unusable'],
  ['ObjectParentIsFile', 409, 'unusable'],
  ['MissingContentMD5', 400, 'unusable'],
  // a page of some proxy says nothing about an object
  ['Unknown', 404, 'unusable'],
  ['Error', 200, 'unusable'],
  ['CERT_HAS_EXPIRED', undefined, 'unusable'],
  ['HPE_INVALID_CONSTANT', undefined, 'unusable'],
  ['TypeError', undefined, 'unusable'],
];

const place = { location: 's3://bucket', endpoint: 'store.example:9000', region: 'us-east-1' };

describe('s3FailureKind', () => {
  it.each(TABLE)('%s with status %s is %s', (code, status, kind) => {
    expect(s3FailureKind({ code, status })).toBe(kind);
  });
});

describe('s3StoreError', () => {
  it.each(TABLE)('names an error for %s with status %s', (code, status, kind) => {
    const names: Partial<Record<S3FailureKind, string>> = {
      unavailable: 'StoreUnavailable',
      denied: 'StoreAccessDenied',
      'bucket-missing': 'StoreNotFound',
    };
    const error = s3StoreError('get s3://bucket/key', place, { code, status, message: 'said so' });
    expect(error.name).toBe(names[kind] ?? 'StoreFailure');
    if (kind !== 'bucket-missing') expect(error.message).toContain(`code=${code}`);
    expect(inspect(error)).toContain('said so');
  });

  it('says which region to set', () => {
    const failure = { code: 'PermanentRedirect', status: 301, message: '', region: 'eu-west-1' };
    expect(s3StoreError('list', place, failure).message).toContain('set the region to eu-west-1');
    expect(s3StoreError('list', place, { ...failure, region: undefined }).message).toContain(
      'set the region',
    );
  });

  it('keeps what the store asked for', () => {
    const failure = { code: 'SlowDown', status: 503, message: '', retryAfterMs: 2_000 };
    expect(s3StoreError('list', place, failure)).toMatchObject({ retryAfterMs: 2_000 });
  });
});
