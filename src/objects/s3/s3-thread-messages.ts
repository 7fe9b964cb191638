// What the S3 thread and the others say to each other. Types only.
import type { S3Failure } from './s3-failure.ts';
import type { S3Answer, S3ConnectionSettings, S3Requests } from './s3-requests.ts';

export type S3CallMethod = Exclude<keyof S3Requests, 'destroy'>;

export type S3CallInput<M extends S3CallMethod> = Parameters<S3Requests[M]>[0];

/** One request. `place` was opened before. */
export interface S3Call<M extends S3CallMethod> {
  readonly kind: 'call';
  readonly id: number;
  readonly place: number;
  readonly method: M;
  readonly input: S3CallInput<M>;
}

export type ToS3Thread =
  | { readonly kind: 'open'; readonly place: number; readonly settings: S3ConnectionSettings }
  | S3Call<S3CallMethod>
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'close'; readonly place: number };

/** The answer to a call, in whatever way it ended. From then on the thread does not touch what the call has lent. */
export interface S3CallAnswer {
  readonly id: number;
  readonly value?: S3Answer<object>;
  readonly failure?: S3Failure;
}
