// Bytes that are made where they are needed: by a source that saves them, and by a server that gives them back without having
// kept them. A block is noise that is always the same behind a stamp that is its own, so no two blocks are equal.
import { createCipheriv } from 'node:crypto';
import type { BackupFile } from 'tidemark';

const NOISE_BYTES = 4 * 1024 * 1024;
const MAGIC = 0x7469_6465_6d61_726bn;
/** The magic number, the size of a block, and the number of the block: eight bytes each. */
const STAMP_BYTES = 24;

const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(
  Buffer.alloc(NOISE_BYTES),
);

/** What a body of whole blocks is made of again. */
export interface Synthetic {
  readonly blockBytes: number;
  readonly firstBlock: number;
  readonly sizeBytes: number;
}

/** Fills the target with blocks of that size, from that number on. The last one may be cut. */
export function fillSynthetic(target: Uint8Array, blockBytes: number, firstBlock: number): void {
  const bytes = Buffer.from(target.buffer, target.byteOffset, target.length);
  for (let at = 0, block = firstBlock; at < bytes.length; at += blockBytes, block += 1) {
    bytes.set(noise.subarray(0, Math.min(blockBytes, bytes.length - at)), at);
    bytes.writeBigUInt64BE(MAGIC, at);
    bytes.writeBigUInt64BE(BigInt(blockBytes), at + 8);
    bytes.writeBigUInt64BE(BigInt(block), at + 16);
  }
}

/** What the body is, by its stamp; undefined when it is anything else. */
export function readSynthetic(head: Buffer, sizeBytes: number): Synthetic | undefined {
  if (head.length < STAMP_BYTES || head.readBigUInt64BE(0) !== MAGIC) return undefined;
  return {
    blockBytes: Number(head.readBigUInt64BE(8)),
    firstBlock: Number(head.readBigUInt64BE(16)),
    sizeBytes,
  };
}

/** A file of such blocks, at least 24 bytes each. It is read at multiples of the block's size. */
export function syntheticFile(
  name: string,
  sizeBytes: number,
  { blockBytes, firstBlock }: Pick<Synthetic, 'blockBytes' | 'firstBlock'>,
): BackupFile {
  const fill = (target: Uint8Array, position: number) =>
    fillSynthetic(target, blockBytes, firstBlock + position / blockBytes);
  return {
    name,
    sizeBytes,
    read: async (target, position) => fill(target, position),
    async *open() {
      for (let at = 0; at < sizeBytes; at += blockBytes) {
        const bytes = new Uint8Array(Math.min(blockBytes, sizeBytes - at));
        fill(bytes, at);
        yield bytes;
      }
    },
  };
}
