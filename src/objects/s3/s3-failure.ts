// What a failed S3 request means. Pure: one table of codes, one of statuses, and the errors made of them.
// Servers differ in codes and statuses alike, so the code decides where it is known, and the status otherwise.
import {
  StoreAccessDenied,
  type StoreError,
  StoreFailure,
  StoreNotFound,
  StoreUnavailable,
} from '../../core/errors.ts';

/** A failed request, stripped of all that could carry a secret. */
export interface S3Failure {
  /** S3's error code, the system's (ECONNRESET), or the name of what the SDK threw. */
  readonly code: string;
  readonly message: string;
  /** Absent when no answer came. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** The region that the server says is the right one. */
  readonly region?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export type S3FailureKind =
  | 'unavailable'
  | 'denied'
  | 'bucket-missing'
  | 'object-missing'
  | 'object-exists'
  | 'range-outside'
  | 'wrong-region'
  | 'not-supported'
  | 'unusable';

const CODES: Readonly<Record<S3FailureKind, readonly string[]>> = {
  unavailable: [
    // the network
    ...[
      'EADDRNOTAVAIL',
      'EAI_AGAIN',
      'ECONNABORTED',
      'ECONNREFUSED',
      'ECONNRESET',
      'EHOSTDOWN',
      'EHOSTUNREACH',
    ],
    ...['ENETDOWN', 'ENETUNREACH', 'ENOTFOUND', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ETIMEDOUT'],
    'TimeoutError',
    // the server, with whatever status
    ...['BandwidthLimitExceeded', 'ConditionalRequestConflict', 'InternalError', 'OperationAborted'],
    ...[
      'RequestLimitExceeded',
      'RequestTimeout',
      'RequestTimeoutException',
      'ServiceUnavailable',
      'SlowDown',
    ],
    ...['SlowDownRead', 'SlowDownWrite', 'TemporaryRedirect', 'Throttling', 'ThrottlingException'],
    ...['TooManyRequests', 'TooManyRequestsException'],
  ],
  denied: [
    ...['AccessDenied', 'AccountProblem', 'AllAccessDisabled', 'CredentialsProviderError', 'ExpiredToken'],
    ...['InvalidAccessKeyId', 'InvalidSecurity', 'InvalidToken', 'NotSignedUp', 'RequestExpired'],
    ...['RequestTimeTooSkewed', 'SignatureDoesNotMatch', 'TokenRefreshRequired', 'XAdminUserNotFound'],
  ],
  'bucket-missing': ['NoSuchBucket'],
  'object-missing': ['NoSuchKey'],
  'object-exists': ['PreconditionFailed'],
  'range-outside': ['InvalidRange'],
  'wrong-region': ['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'PermanentRedirect'],
  'not-supported': ['NotImplemented'],
  unusable: [],
};

const STATUSES: Readonly<Record<number, S3FailureKind>> = {
  301: 'wrong-region',
  307: 'unavailable',
  401: 'denied',
  403: 'denied',
  408: 'unavailable',
  412: 'object-exists',
  416: 'range-outside',
  429: 'unavailable',
  501: 'not-supported',
  // The server is full or speaks another HTTP: asking again does not help.
  505: 'unusable',
  507: 'unusable',
};

const KIND_OF_CODE = new Map(
  Object.entries(CODES).flatMap(([kind, codes]) =>
    codes.map((code) => [code, kind as S3FailureKind] as const),
  ),
);

/** What a failed request means. Total: what nobody has heard of is `unusable`, or `unavailable` from 500 on. */
export function s3FailureKind({ code, status }: Pick<S3Failure, 'code' | 'status'>): S3FailureKind {
  const known = KIND_OF_CODE.get(code) ?? STATUSES[status ?? 0];
  if (known !== undefined) return known;
  return status !== undefined && status >= 500 ? 'unavailable' : 'unusable';
}

/** What the errors say about where the request went. */
export interface S3Place {
  /** `s3://bucket` */
  readonly location: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

/** The failure as a store's error, for the kinds that mean the same in every operation. */
export function s3StoreError(operation: string, place: S3Place, failure: S3Failure): StoreError {
  const cause = asError(failure);
  const at = place.endpoint === undefined ? '' : ` endpoint=${place.endpoint}`;
  const status = failure.status === undefined ? '' : ` status=${failure.status}`;
  // The SDK's word for an answer without a message.
  const message = failure.message === 'UnknownError' ? '' : ` message='${failure.message}'`;
  const detail = `code=${failure.code}${status}${at}${message}`;
  switch (s3FailureKind(failure)) {
    case 'unavailable':
      return new StoreUnavailable(operation, detail, cause, failure.retryAfterMs);
    case 'denied':
      return new StoreAccessDenied(operation, detail, cause);
    case 'bucket-missing':
      return new StoreNotFound(place.location, cause);
    case 'wrong-region':
      return new StoreFailure(operation, `${detail}; ${regionAdvice(place, failure)}`, cause);
    default:
      return new StoreFailure(operation, `${detail}; check that the endpoint is an S3 server`, cause);
  }
}

function regionAdvice({ location, region }: S3Place, failure: S3Failure): string {
  const signed = `requests are signed for region ${region ?? 'that the SDK found in its environment'}`;
  return failure.region === undefined
    ? `${signed}; set the region that ${location} is in`
    : `${location} is in region ${failure.region}, and ${signed}; set the region to ${failure.region}`;
}

/** A cause for people to read. Never the SDK's own error: that holds the signed request. */
function asError({ code, message, status, requestId }: S3Failure): Error {
  return Object.assign(new Error(message), { name: code, status, requestId });
}
