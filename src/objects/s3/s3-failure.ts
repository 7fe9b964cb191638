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
  /** The SDK has taken the server's time from this answer, and signs by it from now on. */
  readonly isClockCorrected?: boolean;
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
    // our own thread
    'THREAD_ENDED',
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
  const kind = s3FailureKind(failure);
  if (kind === 'bucket-missing') return new StoreNotFound(place.location, cause);
  const advice = adviceFor(kind, place, failure);
  const detail = `${describe(place, failure)}${advice === undefined ? '' : `; ${advice}`}`;
  switch (kind) {
    case 'unavailable':
      return new StoreUnavailable(operation, detail, cause, failure.retryAfterMs);
    case 'denied':
      return new StoreAccessDenied(operation, detail, cause);
    default:
      return new StoreFailure(operation, detail, cause);
  }
}

function describe({ endpoint }: S3Place, { code, status, message }: S3Failure): string {
  const words = [
    `code=${code}`,
    ...(status === undefined ? [] : [`status=${status}`]),
    ...(endpoint === undefined ? [] : [`endpoint=${endpoint}`]),
    // `UnknownError` is the SDK's word for an answer without a message.
    ...(message === 'UnknownError' || code === NOT_S3_CODE ? [] : [`message='${message}'`]),
  ];
  return words.join(' ');
}

/** What the SDK, and we, call answers that do not say what is wrong in S3's words. */
const NOT_S3_CODE = 'NotS3';
const WORDLESS = [NOT_S3_CODE, 'Unknown', 'UnknownError', 'Error', 'SyntaxError', 'TypeError'];
const THROTTLED = /SlowDown|Throttl|TooManyRequests|LimitExceeded/;
const FULL = /StorageFull|QuotaExceeded|InsufficientStorage/i;

/** What to do next, where the error's own words do not say it. */
function adviceFor(kind: S3FailureKind, place: S3Place, failure: S3Failure): string | undefined {
  const { code, status, message } = failure;
  if (code === NOT_S3_CODE) return message;
  // Says it itself.
  if (code === 'THREAD_MISSING') return undefined;
  if (kind === 'unavailable') {
    const isThrottled = THROTTLED.test(code) || status === 429;
    return isThrottled ? 'the store asks for less load, so have fewer backups at a time' : undefined;
  }
  if (code === 'RequestTimeTooSkewed')
    return "this machine's clock and the server's differ, so set them right";
  if (kind === 'denied') {
    const isMute = status === 403 && WORDLESS.includes(code);
    return isMute ? 'without the right to list, S3 says this of what is missing too' : undefined;
  }
  if (kind === 'wrong-region') return regionAdvice(place, failure);
  if (kind === 'not-supported') return 'the server does not know this request; update it or use another';
  if (code === 'NoSuchUpload') return 'somebody has ended the upload in parts; send it all again';
  if (status === 507 || FULL.test(code)) return 'the store is full; make room in it or raise its quota';
  if (status !== undefined && status >= 400 && !WORDLESS.includes(code))
    return 'the server refused the request; mend what its message tells of';
  return 'check that the endpoint is an S3 server, and that no proxy stands before it';
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
