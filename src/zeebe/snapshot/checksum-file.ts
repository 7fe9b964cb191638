// The file `<snapshot id>.checksum` beside a snapshot: one line per file, its name, three spaces, its CRC32C
// in hex without leading zeros. Lines that begin with `;` are comments.
import { err, ok, type Result } from 'neverthrow';

const COMMENTS = [
  '; CRC32C checksums of the files of one snapshot: name, three spaces, value in hex.',
  '; This file is also what marks the snapshot as complete.',
];
/** Before the text format: 8 bytes with one value over all files. */
const OLD_FORMAT_BYTES = 8;

/** More than it can need: a guard for what is read into memory. */
export const CHECKSUM_FILE_BYTES_MAX = 16 * 1024 * 1024;

export interface ChecksumFile {
  /** The CRC32C of each file, by its name. */
  readonly checksums: ReadonlyMap<string, number>;
  /** Lines that say nothing. Zeebe passes over them. */
  readonly unreadableLines: readonly string[];
}

/** The name of the checksum file of a snapshot. */
export function checksumFileName(snapshotId: string): string {
  return `${snapshotId}.checksum`;
}

/** Reads a checksum file. */
export function parseChecksumFile(bytes: Uint8Array): Result<ChecksumFile, string> {
  if (bytes.byteLength === OLD_FORMAT_BYTES) {
    return err('it has the old format of 8 bytes, which no longer tells the checksum of each file');
  }
  const checksums = new Map<string, number>();
  const unreadableLines: string[] = [];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith(';')) continue;
    const [, name, value] = /^(.+) {3}([0-9a-fA-F]{1,16})$/.exec(trimmed) ?? [];
    if (name === undefined || value === undefined) unreadableLines.push(trimmed);
    else checksums.set(name, Number.parseInt(value, 16));
  }
  return ok({ checksums, unreadableLines });
}

/** Writes a checksum file that Zeebe accepts: its own comments differ and do not matter. */
export function formatChecksumFile(checksums: ReadonlyMap<string, number>): Uint8Array {
  const lines = [...checksums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}   ${value.toString(16)}`);
  return new TextEncoder().encode(`${[...COMMENTS, ...lines].join('\n')}\n`);
}
