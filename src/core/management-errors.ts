// What can go wrong between the management API and its clients, beyond what the cluster itself answers.
import { BackupError } from './errors.ts';

/**
 * No answer came from the management API: nobody listens there, or the connection broke. Nothing is known.
 */
export class ManagementUnreachable extends BackupError {
  override readonly name = 'ManagementUnreachable';
  override readonly retryable = true;
  readonly url: string;
  constructor(url: string, detail: string, cause?: unknown) {
    super(
      `the management API did not answer: url=${url} ${detail}; check the address, and that the node runs`,
      cause,
    );
    this.url = url;
  }
}

/**
 * The management API answered with an error that has no class of its own, or with something that is no
 * answer.
 */
export class ManagementApiError extends BackupError {
  override readonly name = 'ManagementApiError';
  override readonly retryable: boolean;
  readonly request: string;
  /** The HTTP status. */
  readonly status: number;
  /** `request` is the method and the URL. */
  constructor(request: string, status: number, detail: string, cause?: unknown) {
    super(`the management API refused or failed: request=${request} status=${status} ${detail}`, cause);
    this.request = request;
    this.status = status;
    this.retryable = status === 429 || (status >= 502 && status <= 504);
  }
}

/** The server could not take its address: the port is in use, or the host is not one of this machine. */
export class ListenFailed extends BackupError {
  override readonly name = 'ListenFailed';
  override readonly retryable = false;
  readonly host: string;
  readonly port: number;
  constructor(host: string, port: number, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const advice =
      code === 'EADDRINUSE'
        ? 'another process listens there; stop it or choose another port'
        : 'choose another host or port';
    super(`the server cannot listen: host=${host} port=${port} reason=${code}; ${advice}`, cause);
    this.host = host;
    this.port = port;
  }
}
