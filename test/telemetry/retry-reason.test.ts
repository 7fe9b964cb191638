// Whatever servers, systems and file systems say, it comes to one of five reasons.
import { DeadlineExceeded, StoreUnavailable } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { retryReason } from '../../src/telemetry/retry-reason.ts';

const cause = (fields: object) => Object.assign(new Error('x'), fields);

describe('the reason of a retry', () => {
  it.each([
    ['throttled', cause({ name: 'SlowDown', status: 503 })],
    ['throttled', cause({ name: 'TooManyRequestsException' })],
    ['throttled', cause({ name: 'UnknownError', status: 429 })],
    ['timeout', cause({ name: 'RequestTimeout', status: 400 })],
    ['timeout', cause({ name: 'ETIMEDOUT' })],
    ['timeout', cause({ name: 'Unknown', status: 504 })],
    ['timeout', new DeadlineExceeded('get', 1000)],
    ['network', cause({ name: 'ECONNREFUSED' })],
    ['network', cause({ name: 'EAI_AGAIN' })],
    ['network', cause({ name: 'ENOTFOUND' })],
    ['network', cause({ code: 'ENETUNREACH' })],
    ['server', cause({ name: 'InternalError', status: 500 })],
    ['server', cause({ name: 'ServiceUnavailable', status: 503 })],
    ['other', cause({ code: 'EIO' })],
    ['other', 'not even an error'],
    ['other', undefined],
  ])('is %s', (reason, thrown) => {
    expect(retryReason(new StoreUnavailable('get', 'x', thrown))).toBe(reason);
  });

  it('is throttled when the store says how long to wait', () => {
    expect(retryReason(new StoreUnavailable('get', 'x', undefined, 1000))).toBe('throttled');
  });
});
