// The bytes of a broker's file on their way into the store: exactly as many as it said, in blocks, compressed or not.
// Throws the errors of the file reader; whoever sends the blocks catches them.
import type { BackupFile } from '../../core/backup.ts';
import { FileReader } from '../tidemark/file-reader.ts';
import { compressed } from './zstd.ts';

/** Blocks fed to the compressor. */
const COMPRESSED_BLOCK_BYTES = 256 * 1024;

/** Blocks of `blockBytes`, the last one shorter. Each is a buffer of its own. */
export function fileContent(
  file: BackupFile,
  options: { readonly compress: boolean; readonly blockBytes: number; readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { compress, blockBytes, signal } = options;
  if (!compress) return checkedBytes(file, blockBytes, signal);
  return inBlocks(compressed(checkedBytes(file, COMPRESSED_BLOCK_BYTES, signal), file.sizeBytes), blockBytes);
}

async function* checkedBytes(
  file: BackupFile,
  blockBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { sizeBytes } = file;
  const reader = new FileReader(file, signal);
  try {
    for (let at = 0; ; at += blockBytes) {
      const block = new Uint8Array(Math.min(blockBytes, Math.max(0, sizeBytes - at)));
      const filled = await reader.fill(block).andThen(() => reader.endAfter(sizeBytes));
      if (filled.isErr()) throw filled.error;
      if (block.byteLength > 0) yield block;
      if (at + block.byteLength >= sizeBytes) return;
    }
  } finally {
    reader.close();
  }
}

async function* inBlocks(source: AsyncIterable<Uint8Array>, blockBytes: number): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(blockBytes);
  let filled = 0;
  for await (const given of source) {
    for (let rest = given; rest.byteLength > 0; ) {
      const part = rest.subarray(0, blockBytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (filled < blockBytes) continue;
      yield block;
      block = new Uint8Array(blockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
