// Collects the body of an answer, into memory that was lent if it fits. Makes no work for the garbage collector
// that can be helped: what it has copied is given back at once.
import { finished, type Readable } from 'node:stream';

/**
 * Reads a body to its end, into the given memory if it fits. Listens to its data rather than iterating over it: an
 * iteration joins what has come meanwhile, and each joining is a copy.
 */
export function collectBody(
  body: unknown,
  into: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stream = body as Readable;
  const others: Uint8Array[] = [];
  let filled = 0;
  return new Promise((resolve, reject) => {
    const onAbort = () => stream.destroy();
    signal.addEventListener('abort', onAbort);
    stream.on('data', (part: Uint8Array) => {
      // Called off: the memory may be another's by now.
      if (signal.aborted) return;
      if (into !== undefined && others.length === 0 && filled + part.length <= into.length) {
        into.set(part, filled);
        filled += part.length;
        free(part);
      } else others.push(part);
    });
    finished(stream, (cause) => {
      signal.removeEventListener('abort', onAbort);
      if (cause) return reject(cause);
      const first = into?.subarray(0, filled) ?? new Uint8Array();
      resolve(others.length === 0 ? first : joined([first, ...others]));
    });
    if (signal.aborted) onAbort();
  });
}

/** Gives back memory at once that is full of what was copied: for the collector it would be a reason to come. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** In memory of their own, which Buffer.concat does not promise. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.byteLength;
  }
  return whole;
}
