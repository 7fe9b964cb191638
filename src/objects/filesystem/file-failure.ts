// What a file system's error means for a store. The one place where its error codes are read.
import {
  StoreAccessDenied,
  type StoreError,
  StoreFailure,
  StoreNotFound,
  StoreUnavailable,
} from '../../core/errors.ts';

const ABSENT = ['ENOENT', 'ENOTDIR'];
const DENIED = ['EACCES', 'EPERM', 'EROFS'];
// Mostly a network file system whose server is away; it may come back.
const UNAVAILABLE = [
  'EAGAIN',
  'EBUSY',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENFILE',
  'ENETUNREACH',
  'ENOTCONN',
  'ESTALE',
  'ETIMEDOUT',
];
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: '; the file system is full: free some space or delete old backups',
  EDQUOT: '; the quota is used up: raise it or delete old backups',
};

/** The code of a file system's error, such as ENOENT, or undefined for anything else that was thrown. */
export function fileErrorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** Whether the file or a directory on its way is not there. */
export function isAbsent(cause: unknown): boolean {
  return ABSENT.includes(fileErrorCode(cause) ?? '');
}

/** `cause` as a store's error. An absence that nobody expected means that the directory itself is gone. */
export function fileFailure(operation: string, directory: string, cause: unknown): StoreError {
  const code = fileErrorCode(cause);
  if (code === undefined) return new StoreFailure(operation, String(cause), cause);
  if (isAbsent(cause)) return new StoreNotFound(directory, cause);
  const detail = `directory=${directory} code=${code}${ADVICE[code] ?? ''}`;
  if (DENIED.includes(code)) return new StoreAccessDenied(operation, detail, cause);
  if (UNAVAILABLE.includes(code)) return new StoreUnavailable(operation, detail, cause);
  return new StoreFailure(operation, detail, cause);
}
