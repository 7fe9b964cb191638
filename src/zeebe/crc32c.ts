// CRC32C (Castagnoli), the one checksum that Zeebe uses: in its log, in its descriptors and over snapshot
// files.
import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** The checksum of `bytes`, or of what `before` is the checksum of followed by `bytes`. Unsigned 32 bits. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return nativeCrc32c(bytes, before);
}

/** The checksum of a stream, whatever its chunks. */
export async function crc32cOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let checksum = 0;
  for await (const chunk of bytes) checksum = crc32c(chunk, checksum);
  return checksum;
}
