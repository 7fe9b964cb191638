// The base of all expected failures, in a file of its own so that each may stand beside what it is about.

/** The base of all expected failures. `retryable`: the same call may succeed later without any change. */
export abstract class BackupError extends Error {
  abstract override readonly name: string;
  abstract readonly retryable: boolean;

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}
