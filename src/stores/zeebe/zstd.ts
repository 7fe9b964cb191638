// zstd as streams, for both directions, and the one fact of its frame format that a reader needs beforehand.
import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** The longest header of a frame: what `contentSize` wants to see. */
export const ZSTD_HEADER_BYTES_MAX = 18;

const MAGIC = 0xfd2fb528;

/** Compresses to one frame that tells its size and carries a checksum. Must be fed exactly `sizeBytes` bytes. */
export function compressed(source: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncIterable<Uint8Array> {
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  // A block at a time: when the end comes while one waits, the compressor ends twice and adds an empty frame.
  const options = { pledgedSrcSize: sizeBytes, params, writableHighWaterMark: 1 };
  return through(source, createZstdCompress(options));
}

/**
 * Decompresses. Throws on what is no zstd, ends early, or goes on behind its end; an error of the source is
 * thrown as it is.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const transform = createZstdDecompress();
  let given = 0;
  const counted = async function* () {
    for await (const part of source) {
      given += part.byteLength;
      yield part;
    }
  };
  yield* through(counted(), transform);
  // The decompressor takes what shares a chunk with the end of a frame for garbage, and says nothing.
  const used = transform.bytesWritten;
  if (used < given)
    throw new Error(`${given - used} bytes or more follow the end of the frame at byte ${used}`);
}

/**
 * The size of what is compressed, when the frame tells it (RFC 8878, section 3.1.1.1). Zeebe's own frames do not.
 * Undefined as well for what is no frame.
 */
export function contentSize(header: Uint8Array): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.byteLength < 6 || view.getUint32(0, true) !== MAGIC) return undefined;
  const flags = view.getUint8(4);
  const isSingleSegment = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const sizeFlag = flags >> 6;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag;
  if (sizeBytes === 0 || view.byteLength < at + sizeBytes) return undefined;
  if (sizeBytes === 1) return view.getUint8(at);
  if (sizeBytes === 2) return view.getUint16(at, true) + 256;
  if (sizeBytes === 4) return view.getUint32(at, true);
  const size = Number(view.getBigUint64(at, true));
  return Number.isSafeInteger(size) ? size : undefined;
}

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: true, highWaterMark: 1 });
  // The error reaches the loop below: the pipeline destroys the transform with it.
  pipeline(input, transform, () => {});
  try {
    for await (const part of transform) yield part;
  } finally {
    input.destroy();
    transform.destroy();
  }
}
