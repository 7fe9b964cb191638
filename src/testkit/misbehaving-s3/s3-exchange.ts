// One request and what can become of it, on the level where a server can go wrong: bytes, silence and cuts. Types
// alone, and none of Node's: authors of behaviours need no more.
import type { S3Answer } from './s3-answer.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Request } from './s3-request.ts';

/** A request that waits for its answer, and all that can be done to it. */
export interface S3Exchange {
  readonly request: S3Request;
  /** What the server has. */
  readonly bucket: S3Bucket;
  /** Fires when the exchange is over: answered to the end, or its connection gone. */
  readonly over: AbortSignal;

  /** Reads the body: all of it, or, to stop in its midst, no more than `sizeBytes`. */
  readBody(sizeBytes?: number): Promise<Uint8Array>;
  /** Reads the body without having asked for it, whatever the client waits for. */
  readBodyUnasked(): Promise<Uint8Array>;
  /** Reads the request and does what it asks. Gives the honest answer, which is not sent yet. */
  perform(): Promise<S3Answer>;
  /** Does the request with something changed, of another object say. Gives the honest answer to that. */
  performAs(change: Partial<S3Request>, body: Uint8Array): S3Answer;

  /** Sends an answer whole. Resolves when the exchange is over. */
  send(whole: S3Answer): Promise<void>;
  /** Sends status and headers alone. Without `content-length` the body is sent in chunks. */
  sendHead(answer: S3Answer): void;
  /** Sends some of a body. Resolves when they have left, or the exchange is over. */
  sendPart(bytes: Uint8Array): Promise<void>;
  /** Ends the body that was sent in parts. Resolves when the exchange is over. */
  end(): Promise<void>;
  /** Lets the end of the connection be the end of the body, as before HTTP 1.1. To be called before `sendHead`. */
  frameByConnection(): void;

  /** Cuts the connection as a crash does: the other end gets ECONNRESET. */
  reset(): void;
  /** Closes the connection in good order, whatever was announced. */
  hangUp(): void;
  /** Waits. Ends early when the exchange is over. */
  pause(ms: number): Promise<void>;
  untilOver(): Promise<void>;
  /** The server's clock: milliseconds since 1970. */
  now(): number;
}
