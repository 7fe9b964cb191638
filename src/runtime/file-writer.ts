// A file that is written front to back. Large pieces go to the disk past the page cache where the system can do
// that: the copy into the cache is most of what writing costs, and it takes memory that caches the broker's files.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What a disk takes past the cache begins and ends at a multiple of this, in the file and in memory. */
const BLOCK_BYTES = 4_096;

/** Below it, a second opening of the file costs more than the copy. */
const DIRECT_BYTES_MIN = 1024 * 1024;

/** Writes an opened file from a position on, and closes it. */
export class FileWriter {
  readonly #file: FileHandle;
  #position: number;
  /** The same file, opened for writing past the cache. Null when that does not work here. */
  #direct: FileHandle | null | undefined;

  constructor(file: FileHandle, position = 0) {
    this.#file = file;
    this.#position = position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      const rest = bytes.subarray(written);
      const count = (await this.#writeDirectly(rest)) ?? (await this.#writeCached(rest));
      written += count;
      this.#position += count;
    }
  }

  /**
   * Of the file and not of the handle: what went past the cache needs it too, for its place and for the disk's cache.
   */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  async close(): Promise<void> {
    const direct = this.#direct;
    this.#direct = null;
    try {
      await direct?.close();
    } finally {
      await this.#file.close();
    }
  }

  async #writeCached(bytes: Uint8Array): Promise<number> {
    return (await this.#file.write(bytes, 0, bytes.byteLength, this.#position)).bytesWritten;
  }

  /** Undefined when it is too little for that, or not possible here. */
  async #writeDirectly(bytes: Uint8Array): Promise<number | undefined> {
    const length = bytes.byteLength - (bytes.byteLength % BLOCK_BYTES);
    if (length < DIRECT_BYTES_MIN || this.#position % BLOCK_BYTES > 0 || this.#direct === null) return;
    this.#direct ??= await openDirectly(this.#file);
    if (this.#direct === null) return;
    try {
      return (await this.#direct.write(bytes, 0, length, this.#position)).bytesWritten;
    } catch (cause) {
      // The file system, or this piece of memory, is not made for it.
      if ((cause as NodeJS.ErrnoException).code !== 'EINVAL') throw cause;
      const direct = this.#direct;
      this.#direct = null;
      await direct.close();
    }
  }
}

/**
 * Opens the same file again. Not by its path: that may be another's file by now. Null when it cannot be done, for
 * whatever reason: nothing is lost without it.
 */
async function openDirectly(file: FileHandle): Promise<FileHandle | null> {
  if (constants.O_DIRECT === undefined) return null;
  try {
    return await open(`/proc/self/fd/${file.fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return null;
  }
}
