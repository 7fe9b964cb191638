// A backup file over a path on this machine. It reads no more than it said it holds, however the file grows
// meanwhile.
import { statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BackupFile } from '../core/backup.ts';
import { Aborted, BrokerFailure } from '../core/errors.ts';
import { invariant } from '../core/invariant.ts';
import { readElsewhere } from './hash-worker.ts';

const READ_SIZE_BYTES = 4 * 1024 * 1024;

export interface NodeFileOptions {
  /** The name in the backup. Default: the last part of the path. */
  readonly name?: string | undefined;
  /** How many bytes of the file belong to the backup. Default: all that are there now. */
  readonly sizeBytes?: number | undefined;
  /** Vouches for the bytes, as {@link BackupFile.version} says. Default: nothing does, and all is read each time. */
  readonly version?: string | undefined;
  /** Size of one read, and of the buffers it gives, in bytes. Default 4 MiB. */
  readonly readSizeBytes?: number | undefined;
}

/**
 * The first `sizeBytes` bytes of the file at `path`. Without a size the file is looked at once, at this call.
 * Each `open` reads it anew; a file that is gone or shorter by then ends the reading with a BrokerFailure.
 */
export function nodeFile(path: string, options: NodeFileOptions = {}): BackupFile {
  const { name = basename(path), sizeBytes = statSync(path).size, readSizeBytes = READ_SIZE_BYTES } = options;
  const { version } = options;
  invariant(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `sizeBytes is a size, got ${sizeBytes}`);
  invariant(
    Number.isSafeInteger(readSizeBytes) && readSizeBytes > 0,
    `readSizeBytes is a size, got ${readSizeBytes}`,
  );
  return {
    name,
    sizeBytes,
    ...(version === undefined ? {} : { version }),
    open: ({ signal } = {}) => readOn(path, sizeBytes, readSizeBytes, signal),
    read: async (target, position) => {
      if (isShared(target)) {
        const readBytes = await orBrokerFailure(path, () => readElsewhere(path, target, position));
        if (readBytes < target.length) throw tooShort(path, sizeBytes, position + readBytes);
        return;
      }
      const file = await orBrokerFailure(path, () => open(path, 'r'));
      try {
        await fill(file, { path, sizeBytes }, target, position);
      } finally {
        await file.close();
      }
    },
  };
}

/** Fills the target from the file, which was said to have `sizeBytes` bytes. */
async function fill(
  file: FileHandle,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
  target: Uint8Array,
  position: number,
): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const [from, want] = [position + filled, target.length - filled];
    const { bytesRead } = await orBrokerFailure(path, () => file.read(target, filled, want, from));
    if (bytesRead === 0) throw tooShort(path, sizeBytes, from);
    filled += bytesRead;
  }
}

function isShared(bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}

function tooShort(path: string, sizeBytes: number, got: number): BrokerFailure {
  return new BrokerFailure('read file', `path=${path} expectedBytes=${sizeBytes} got only ${got}`);
}

async function* readOn(
  path: string,
  sizeBytes: number,
  readSizeBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await orBrokerFailure(path, () => open(path, 'r'));
  try {
    let position = 0;
    while (position < sizeBytes) {
      if (signal?.aborted) throw new Aborted('read file');
      const want = Math.min(readSizeBytes, sizeBytes - position);
      // A new buffer each time: whoever gets it may still hold it while the next one is read.
      const buffer = Buffer.allocUnsafeSlow(want);
      await fill(file, { path, sizeBytes }, buffer, position);
      position += want;
      yield buffer;
    }
  } finally {
    await file.close();
  }
}

async function orBrokerFailure<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BrokerFailure('read file', `path=${path} reason=${reason}`, cause);
  }
}
