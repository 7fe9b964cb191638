// Lines of JSON with a last one that holds the digest of all before it. Some hundred lines at a time, and then others
// may run: there may be a hundred thousand. Knows nothing of what the lines say.
import { createHash } from 'node:crypto';
import { yieldTurn } from '../../runtime/yield-turn.ts';

const LINES_AT_ONCE = 250;
const HASHED_AT_ONCE_BYTES = 1024 * 1024;
const LINE_END = 0x0a;

/** The bytes of the lines, none of which may hold a line end. */
export async function linesToBytes(lines: Iterable<string>): Promise<Uint8Array<ArrayBuffer>> {
  const hash = createHash('sha256');
  const parts: Buffer[] = [];
  let waiting: string[] = [];
  const flush = () => {
    const part = Buffer.from(waiting.map((line) => `${line}\n`).join(''));
    hash.update(part);
    parts.push(part);
    waiting = [];
  };
  for (const line of lines) {
    if (waiting.push(line) < LINES_AT_ONCE) continue;
    flush();
    await yieldTurn();
  }
  flush();
  parts.push(Buffer.from(digestLine(hash.digest('hex'))));
  return Buffer.concat(parts);
}

/** The lines before the last, each as its bytes. Undefined when the last one does not hold their digest. */
export async function bytesToLines(bytes: Uint8Array): Promise<AsyncIterable<Uint8Array> | undefined> {
  const lastLine = bytes.lastIndexOf(LINE_END, bytes.length - 2) + 1;
  const lines = bytes.subarray(0, lastLine);
  const hash = createHash('sha256');
  for (let at = 0; at < lines.length; at += HASHED_AT_ONCE_BYTES) {
    if (at > 0) await yieldTurn();
    hash.update(lines.subarray(at, at + HASHED_AT_ONCE_BYTES));
  }
  const found = Buffer.from(bytes.subarray(lastLine)).toString('latin1');
  return lastLine > 0 && found === digestLine(hash.digest('hex')) ? split(lines) : undefined;
}

/** What a line says; undefined where it is no JSON. Numbers of 64 bits, as in a first line, would lose digits. */
export function jsonOfLine(line: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

async function* split(lines: Uint8Array): AsyncGenerator<Uint8Array> {
  let count = 0;
  for (let begin = 0; begin < lines.length; ) {
    const end = lines.indexOf(LINE_END, begin);
    yield lines.subarray(begin, end);
    begin = end + 1;
    count += 1;
    if (count % LINES_AT_ONCE === 0) await yieldTurn();
  }
}

function digestLine(sha256: string): string {
  return `{"sha256":"${sha256}"}\n`;
}
