// Reads and removes single files; what is not there is an answer here, not an error. Knows nothing of keys.
import { open, unlink } from 'node:fs/promises';
import { fileErrorCode, isAbsent } from './file-failure.ts';

/** What `read` gives, or undefined when there is no such file: neither anything else than a file. */
export async function whenThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (isAbsent(cause) || fileErrorCode(cause) === 'EISDIR') return undefined;
    throw cause;
  }
}

/** The bytes of a file, or those of a range as far as the file reaches. */
export async function readBytes(
  path: string,
  range: { readonly start: number; readonly length: number } | undefined,
): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.min(range?.start ?? 0, size);
    const bytes = new Uint8Array(Math.min(range?.length ?? size, size - start));
    let filled = 0;
    while (filled < bytes.byteLength) {
      const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    // A directory opens and has a size; only reading tells.
    if (bytes.byteLength === 0) await file.read(new Uint8Array(1), 0, 1, 0);
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** Removes a file. Succeeds when there is none, and leaves a directory of that name alone. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    // Linux says EISDIR of a directory, other systems EPERM.
    const code = fileErrorCode(cause);
    if (isAbsent(cause) || code === 'EISDIR') return;
    throw cause;
  }
}
