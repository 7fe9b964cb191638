// The bytes of one stored file in order, fetched ahead of the consumer as far as there is memory. The piece that the
// consumer waits for never waits for memory: whoever has the rest of it may be the same consumer.
import type { Result } from 'neverthrow';
import type { ChunkMemory, LentMemory } from '../chunk-memory.ts';
import { isWholeChunk, type Piece } from './manifest.ts';
import type { PieceReader, ReadPieceError } from './piece-reader.ts';

export interface ReadPiecesComponents {
  readonly reader: PieceReader;
  readonly memory: ChunkMemory;
}

export interface ReadPiecesOptions {
  /** Whether the consumer is done with each run of bytes when it asks for the next. */
  readonly lend: boolean;
  /** Each ends the reading. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** A piece on its way. Parts of packs have their memory in the pack. */
interface Fetching {
  readonly lent: LentMemory | undefined;
  readonly bytes: PromiseLike<Result<Uint8Array, ReadPieceError>>;
}

export async function* readPieces(
  components: ReadPiecesComponents,
  pieces: readonly Piece[],
  { lend, signals }: ReadPiecesOptions,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  // By hand, for a backup may have a hundred thousand files: each AbortSignal.any stays until the collector comes.
  const onAbort = ({ target }: Pick<Event, 'target'>) => stop.abort((target as AbortSignal).reason);
  for (const signal of given) {
    if (signal.aborted) onAbort({ target: signal });
    else signal.addEventListener('abort', onAbort);
  }
  const ahead: Fetching[] = [];
  let next = 0;
  let handedOutCount = 0;
  try {
    for (;;) {
      // Slowly at first, so that of many files that are opened together the first does not take what all need.
      for (let piece = pieces[next]; piece !== undefined; piece = pieces[next]) {
        if (ahead.length > handedOutCount) break;
        const fetching = fetch(components, piece, ahead.length === 0, stop.signal);
        if (fetching === undefined) break;
        ahead.push(fetching);
        next += 1;
      }
      const first = ahead[0];
      if (first === undefined) return;
      const read = await first.bytes;
      if (read.isErr()) throw read.error;
      ahead.shift();
      handedOutCount += 1;
      yield* handedOut(first, read.value, lend);
    }
  } finally {
    for (const signal of given) signal.removeEventListener('abort', onAbort);
    if (ahead.length > 0) stop.abort();
    // What is called off may still be hashed.
    for (const { lent } of ahead) lent?.giveUp();
  }
}

/** Undefined when it can wait: there is no memory for it now, or it would bring a whole pack into memory. */
function fetch(
  { reader, memory }: ReadPiecesComponents,
  piece: Piece,
  isWaitedFor: boolean,
  signal: AbortSignal,
): Fetching | undefined {
  if (!isWholeChunk(piece))
    return isWaitedFor ? { lent: undefined, bytes: reader.readPart(piece, signal) } : undefined;
  const lent = isWaitedFor ? memory.takeNow(piece.length) : memory.takeIfFree(piece.length);
  return lent && { lent, bytes: reader.readChunk(piece, lent.bytes, signal) };
}

function* handedOut({ lent }: Fetching, bytes: Uint8Array, lend: boolean): Generator<Uint8Array> {
  if (lent === undefined) {
    yield bytes;
  } else if (lend) {
    try {
      yield bytes;
    } finally {
      lent.giveBack();
    }
  } else {
    const own = new Uint8Array(bytes);
    lent.giveBack();
    yield own;
  }
}
