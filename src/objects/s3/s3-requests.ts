// S3 requests as plain calls: one call is one attempt, and everything has a limit. The only file that knows the
// AWS SDK. It must not let the SDK's errors out: they hold the signed request. Of answers it judges only whether they
// are S3's, and it sends nothing twice but what was refused for a clock that is set right since.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { err, ok, type ResultAsync } from 'neverthrow';
import { fromAsync } from '../../core/result.ts';
import { whenBodySent } from './body-sent.ts';
import { collectBody } from './collect-body.ts';
import { s3Agents } from './s3-agents.ts';
import { readFields, type S3Encryption, writeFields } from './s3-encryption.ts';
import type { S3Failure } from './s3-failure.ts';
import { foreignAnswer, NOT_S3 } from './s3-foreign.ts';

/** How to reach the bucket. Plain values; absent ones are what the AWS SDK finds in its environment. */
export interface S3ConnectionSettings {
  readonly bucket: string;
  readonly region?: string | undefined;
  /** URL of the server. Absent: Amazon's endpoint of the region. */
  readonly endpoint?: string | undefined;
  readonly credentials?: S3Credentials | undefined;
  /** Put the bucket's name in the path and not in the host name. Default false. */
  readonly forcePathStyle?: boolean | undefined;
  /** How the server is to encrypt. Absent: as the bucket says. */
  readonly encryption?: S3Encryption | undefined;
  /** Limit of making a connection, in milliseconds. */
  readonly connectionTimeoutMs: number;
  /** Limit of a connection's silence in the midst of a request, in milliseconds. */
  readonly idleTimeoutMs: number;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What every answer tells besides its body. */
export interface S3Answer<Output> {
  readonly output: Output;
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Which upload in parts. */
export interface S3UploadName {
  readonly key: string;
  readonly uploadId: string;
}

export interface S3PutInput {
  readonly key: string;
  readonly body: Uint8Array;
  readonly ifAbsent: boolean;
  readonly sha256: Uint8Array | undefined;
}

export interface S3GetInput {
  readonly key: string;
  /** The header: `bytes=0-9`. */
  readonly range: string | undefined;
  readonly into: Uint8Array | undefined;
}

export interface S3PartInput extends S3UploadName {
  /** Counts from zero. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface S3CompleteInput extends S3UploadName {
  readonly etags: readonly string[];
}

export interface S3ListInput {
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly token: string | undefined;
  readonly limit: number;
}

type Outcome<Output> = ResultAsync<S3Answer<Output>, S3Failure>;

// The SDK's own words would repeat the endpoint, and with it a password that somebody put there.
const NO_URL: S3Failure = { code: 'InvalidEndpoint', message: 'the endpoint is no http:// or https:// URL' };

/** What servers say is cut to this many characters: it is for people, and some send a whole page. */
const MESSAGE_LENGTH_MAX = 300;

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The requests that an {@link ObjectStorage} over S3 is made of. */
export class S3Requests {
  readonly #settings: S3ConnectionSettings;
  readonly #answers = new WeakMap<object, Omit<S3Answer<unknown>, 'output'>>();
  #client: S3Client | undefined;

  constructor(settings: S3ConnectionSettings) {
    this.#settings = settings;
  }

  put(
    { key, body, ifAbsent, sha256 }: S3PutInput,
    signal: AbortSignal,
  ): Outcome<{ ETag?: string | undefined }> {
    return this.#send((client) => {
      const command = new PutObjectCommand({
        Bucket: this.#settings.bucket,
        Key: key,
        // A Buffer over the same bytes: with a known length, the SDK sends it plainly and can sign it.
        Body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        ContentLength: body.byteLength,
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
        ...writeFields(this.#settings.encryption),
      });
      if (sha256 !== undefined) {
        const digest = Buffer.from(sha256).toString('hex');
        // The signer takes a digest that is there already, and does not hash the body again.
        command.middlewareStack.add(
          (next) => (args) => {
            (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = digest;
            return next(args);
          },
          { step: 'build', name: 'givenPayloadDigest' },
        );
      }
      return whenBodySent(command, () => client.send(command, { abortSignal: signal }));
    });
  }

  get({ key, range, into }: S3GetInput, signal: AbortSignal) {
    return this.#send(async (client) => {
      const command = new GetObjectCommand({
        Bucket: this.#settings.bucket,
        Key: key,
        ...(range === undefined ? {} : { Range: range }),
        ...readFields(this.#settings.encryption),
      });
      const output = await client.send(command, { abortSignal: signal });
      const bytes = await collectBody(output.Body, into, signal);
      return Object.assign(output, { bytes, Body: undefined });
    });
  }

  head({ key }: { readonly key: string }, signal: AbortSignal) {
    const { bucket, encryption } = this.#settings;
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ...readFields(encryption) });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  /** `token` is for the rest of a page; without it the page starts behind `startAfter`. */
  list({ prefix, startAfter, token, limit }: S3ListInput, signal: AbortSignal) {
    const command = new ListObjectsV2Command({
      Bucket: this.#settings.bucket,
      Prefix: prefix,
      MaxKeys: limit,
      ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  /** Not quiet, so that the answer names every key: silence about a key is no success. */
  deleteBatch({ keys }: { readonly keys: readonly string[] }, signal: AbortSignal) {
    const command = new DeleteObjectsCommand({
      Bucket: this.#settings.bucket,
      Delete: { Objects: keys.map((key) => ({ Key: key })), Quiet: false },
    });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  deleteOne({ key }: { readonly key: string }, signal: AbortSignal) {
    return this.#send((client) =>
      client.send(new DeleteObjectCommand({ Bucket: this.#settings.bucket, Key: key }), {
        abortSignal: signal,
      }),
    );
  }

  startUpload({ key }: { readonly key: string }, signal: AbortSignal) {
    const { bucket, encryption } = this.#settings;
    const command = new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      ...writeFields(encryption),
    });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  /** `index` counts from zero; S3's part numbers from one. */
  uploadPart({ key, uploadId, index, bytes }: S3PartInput, signal: AbortSignal) {
    const command = new UploadPartCommand({
      Bucket: this.#settings.bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: index + 1,
      Body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      ContentLength: bytes.byteLength,
      ...readFields(this.#settings.encryption),
    });
    return this.#send((client) => whenBodySent(command, () => client.send(command, { abortSignal: signal })));
  }

  completeUpload({ key, uploadId, etags }: S3CompleteInput, signal: AbortSignal) {
    const command = new CompleteMultipartUploadCommand({
      Bucket: this.#settings.bucket,
      Key: key,
      UploadId: uploadId,
      MultipartUpload: { Parts: etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 })) },
    });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  abortUpload({ key, uploadId }: S3UploadName, signal: AbortSignal) {
    const command = new AbortMultipartUploadCommand({
      Bucket: this.#settings.bucket,
      Key: key,
      UploadId: uploadId,
    });
    return this.#send((client) => client.send(command, { abortSignal: signal }));
  }

  /** Closes the connections. May be called twice. */
  destroy(): void {
    this.#client?.destroy();
  }

  #send<Output extends object>(run: (client: S3Client) => Promise<Output>): Outcome<Output> {
    return fromAsync(async () => {
      const { endpoint } = this.#settings;
      if (endpoint !== undefined && !isHttpUrl(endpoint)) return err(NO_URL);
      const first = await this.#sendOnce(run);
      // Refused for our clock, and the SDK has taken the server's time from the refusal: now it can sign.
      const isMended = first.isErr() && first.error.status === 403 && first.error.isClockCorrected;
      return isMended ? this.#sendOnce(run) : first;
    });
  }

  #sendOnce<Output extends object>(run: (client: S3Client) => Promise<Output>): Outcome<Output> {
    return fromAsync(async () => {
      try {
        this.#client ??= this.#connect();
        const output = await run(this.#client);
        const { status, headers } = this.#answers.get(output) ?? { status: 0, headers: {} };
        const foreign = foreignAnswer(headers);
        if (foreign !== undefined) return err({ code: 'NotS3', message: foreign, status });
        return ok({ output, status, headers });
      } catch (cause) {
        return err(withoutSecrets(toFailure(cause), this.#settings));
      }
    });
  }

  #connect(): S3Client {
    const { region, endpoint, credentials, forcePathStyle, connectionTimeoutMs, idleTimeoutMs } =
      this.#settings;
    const client = new S3Client({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials: plain(credentials) }),
      forcePathStyle: forcePathStyle ?? false,
      // Retries are the caller's: only he knows how long he has.
      maxAttempts: 1,
      // Some servers refuse the checksums that the SDK adds by itself; the signature covers the body anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // With it every large body would get a connection of its own.
      expectContinueHeader: false,
      logger: silence,
      requestHandler: {
        ...s3Agents(),
        connectionTimeout: connectionTimeoutMs,
        socketTimeout: idleTimeoutMs,
        logger: silence,
      },
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { statusCode, headers } = result.response as {
          statusCode: number;
          headers: Record<string, string>;
        };
        this.#answers.set(result.output as object, { status: statusCode, headers });
        return result;
      },
      { step: 'deserialize', priority: 'high', name: 'rememberAnswer' },
    );
    return client;
  }
}

function isHttpUrl(endpoint: string): boolean {
  return URL.canParse(endpoint) && ['http:', 'https:'].includes(new URL(endpoint).protocol);
}

function plain({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

/** A server that repeats what it was sent must not put credentials into errors. */
function withoutSecrets(
  failure: S3Failure,
  { credentials, encryption }: Pick<S3ConnectionSettings, 'credentials' | 'encryption'>,
): S3Failure {
  const key = encryption?.kind === 'customer' ? encryption.key : undefined;
  const secrets = [...Object.values(credentials ?? {}), key].filter(
    (secret) => secret !== undefined && secret !== '',
  );
  const shown = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const { region, requestId } = failure;
  return {
    ...failure,
    code: shown(failure.code),
    message: shown(failure.message),
    region: region && shown(region),
    requestId: requestId && shown(requestId),
  };
}

/** The few plain fields of an error that say what happened. */
function toFailure(cause: unknown): S3Failure {
  const error = (cause instanceof Error ? cause : new Error(String(cause))) as Error & {
    readonly code?: unknown;
    /** S3's own, read from the answer. */
    readonly Code?: unknown;
    readonly Region?: unknown;
    readonly $metadata?: {
      readonly httpStatusCode?: number;
      readonly requestId?: string;
      readonly clockSkewCorrected?: boolean;
    };
    readonly $response?: { readonly statusCode?: number; readonly headers?: Record<string, string> };
  };
  const headers = error.$response?.headers ?? {};
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  const region = typeof error.Region === 'string' ? error.Region : headers['x-amz-bucket-region'];
  // Fields that the server's XML has more than once, or that are no text in it, are lists and objects.
  const name = typeof error.name === 'string' ? error.name : 'Error';
  const message = typeof error.message === 'string' ? error.message : '';
  const requestId = error.$metadata?.requestId;
  const known = {
    status,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    region,
    isClockCorrected: error.$metadata?.clockSkewCorrected === true,
    retryAfterMs: retryAfterMs(headers['retry-after']),
  };
  if (typeof error.code === 'string') return { ...known, code: error.code, message: shortened(message) };
  // The SDK has tried to read what is no XML, or too little of it.
  const isUnreadable = status !== undefined && /\bXML\b|^Unexpected (token|end)/.test(message);
  const foreign = foreignAnswer(headers) ?? (isUnreadable ? NOT_S3 : undefined);
  // What has a code of S3 is of S3, whatever else it looks like.
  if (foreign !== undefined && error.Code === undefined) return { ...known, code: 'NotS3', message: foreign };
  return { ...known, code: name, message: shortened(message) };
}

/** The first line: the SDK puts advice for programmers on further ones. */
function shortened(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, MESSAGE_LENGTH_MAX);
}

/** `Retry-After` in seconds. Its other form, a date, is not worth trusting two clocks for. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
