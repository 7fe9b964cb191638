// zstd for one chunk: whether it pays, there, and back. Larger chunks are compressed on the thread pool of zlib, small
// ones at once. Never gives back more bytes than the manifest promises.
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { AT_ONCE_BYTES_MAX } from './digest.ts';

/** Smaller chunks stay as they are: what could be saved is less than what a request costs. */
const COMPRESSED_BYTES_MIN = 1024;

/** What has to be left of the samples, and then of the chunk. A restore pays for every compressed chunk. */
const WORTHWHILE_RATIO = 0.85;

/** Three samples tell logs from tables that are compressed already, and cost a twentieth of the digest of a chunk. */
const SAMPLE_BYTES = 16 * 1024;
const SAMPLES = 3;

/** zlib gives out its memory in blocks of this size: small enough not to hold a chunk's worth for a tenth of it. */
const BLOCK_BYTES = 256 * 1024;

/** No frame may ask for a larger window than the largest chunk there is. */
const WINDOW_LOG_MAX = 26;

const COMPRESSING = { chunkSize: BLOCK_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** The compressed bytes, or undefined when they would not be much fewer. */
export async function compressWorthwhile(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  if (bytes.length < COMPRESSED_BYTES_MIN) return undefined;
  const samples = samplesOf(bytes);
  if (samples !== undefined && !isWorthwhile(await compress(samples), samples)) return undefined;
  const compressed = await compress(bytes);
  return isWorthwhile(compressed, bytes) ? compressed : undefined;
}

/** The raw bytes. Throws on what is no zstd, ends early, or holds more than `sizeBytes` bytes. */
export async function decompress(compressed: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  const options = {
    chunkSize: Math.min(BLOCK_BYTES, Math.max(sizeBytes, constants.Z_MIN_CHUNK)),
    maxOutputLength: sizeBytes,
    params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
  };
  if (sizeBytes <= AT_ONCE_BYTES_MAX) return zstdDecompressSync(compressed, options);
  return elsewhere((done) => zstdDecompress(compressed, options, done));
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  // With its size in the frame, for whoever looks at one with the tools of zstd.
  const options = { ...COMPRESSING, pledgedSrcSize: bytes.length };
  if (bytes.length <= AT_ONCE_BYTES_MAX) return zstdCompressSync(bytes, options);
  return elsewhere((done) => zstdCompress(bytes, options, done));
}

function elsewhere(
  run: (done: (error: Error | null, bytes: Uint8Array) => void) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    run((error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

/** Parts of the bytes from their beginning, middle and end; undefined where these would be most of it. */
function samplesOf(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 4 * SAMPLES * SAMPLE_BYTES) return undefined;
  const samples = new Uint8Array(SAMPLES * SAMPLE_BYTES);
  for (let nth = 0; nth < SAMPLES; nth += 1) {
    const from = Math.floor((nth * (bytes.length - SAMPLE_BYTES)) / (SAMPLES - 1));
    samples.set(bytes.subarray(from, from + SAMPLE_BYTES), nth * SAMPLE_BYTES);
  }
  return samples;
}

function isWorthwhile(compressed: Uint8Array, bytes: Uint8Array): boolean {
  return compressed.length <= WORTHWHILE_RATIO * bytes.length;
}
