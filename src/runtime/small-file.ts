// Reads a file that must be small, such as a secret. What is larger is told, and never read in part.
import { open } from 'node:fs/promises';
import { err, ok, type ResultAsync } from 'neverthrow';
import { fromAsync } from '../core/result.ts';

/** The bytes of a file of fewer than `limitBytes`, or what is wrong with it, in words that follow its name. */
export function readSmallFile(path: string, limitBytes: number): ResultAsync<Uint8Array, string> {
  return fromAsync<Uint8Array, string>(async () => {
    try {
      const file = await open(path);
      try {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(limitBytes), 0, limitBytes);
        return bytesRead < limitBytes ? ok(buffer.subarray(0, bytesRead)) : err('is too large');
      } finally {
        await file.close();
      }
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
      return err(`cannot be read (${code})`);
    }
  });
}
