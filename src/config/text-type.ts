// The types that a setting's text can have: how each is read, and what to tell when it cannot be. It knows
// no keys.
import { z } from 'zod';
import { parseDuration } from '../core/parse-duration.ts';
import { readSchedule, timeZoneFlaw } from '../runtime/parse-schedule.ts';
import type { EncryptionKey, EncryptionKeyFile } from '../stores/backup-store-settings.ts';
import { keyPrefixFlaw } from '../stores/key-prefix-flaw.ts';
import { isKeyOf32Bytes } from '../stores/s3-encryption-flaws.ts';
import { encryptionKeyProblems } from '../stores/settings-rules.ts';
import { isKeyId } from '../stores/tidemark/keys.ts';

/** One type: its name for the documentation, and the schema that reads it from text. */
export interface TextType<T> {
  readonly label: string;
  readonly schema: z.ZodType<T, string>;
}

/**
 * Reads text by a function that gives undefined for what it does not take. `flaw` tells what is wrong with that, where
 * the label alone would leave it to be guessed.
 */
function textType<T>(
  label: string,
  read: (text: string) => T | undefined,
  flaw?: (text: string) => string | undefined,
): TextType<T> {
  const schema = z.string().transform((text, context): T => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    const why = flaw?.(text.trim());
    const problem = why === undefined ? `expected ${label}` : `expected ${label}; ${why}`;
    context.addIssue(text.trim() === '' ? 'it is empty; leave it out to mean unset' : problem);
    return z.NEVER;
  });
  return { label, schema };
}

/** Any text but the empty one. Kept as it is, without space at either end. */
export const text: TextType<string> = textType('text', (value) => value || undefined);

/** One of some words, in any case. */
export function oneOf<const T extends string>(words: readonly T[]): TextType<T> {
  return textType(words.join(', '), (value) =>
    words.find((word) => word.toLowerCase() === value.toLowerCase()),
  );
}

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max: number): TextType<number> {
  return textType(`a whole number in ${min}..${max}`, (value) =>
    /^\d{1,15}$/.test(value) ? within(Number(value), min, max) : undefined,
  );
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  '1': true,
  false: false,
  off: false,
  no: false,
  '0': false,
};

/** Yes or no, in the words that Spring takes. */
export const yesOrNo: TextType<boolean> = textType('true or false', (value) =>
  Object.hasOwn(BOOLEANS, value.toLowerCase()) ? BOOLEANS[value.toLowerCase()] : undefined,
);

/** A time span in milliseconds: `PT180S`, `180s`, `500ms`, or a bare number of milliseconds. */
export function duration(minMs: number, maxMs: number): TextType<number> {
  return textType(`a duration such as PT180S or 180s, in ${minMs}ms..${maxMs}ms`, (value) => {
    const ms = parseDuration(value);
    return ms === undefined ? undefined : within(ms, minMs, maxMs);
  });
}

const UNIT_BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A size in bytes: `4MB` and `4MiB` are both 4 x 1024 x 1024, as in Spring; a bare number is bytes. */
export function dataSize(minBytes: number, maxBytes: number): TextType<number> {
  return textType(`a size such as 4MB, in ${minBytes}..${maxBytes} bytes`, (value) => {
    const parts = /^(\d{1,15})(?:(b)|([kmg])i?b)?$/i.exec(value);
    if (parts === null) return undefined;
    const unit = (parts[2] ?? parts[3] ?? 'b').toLowerCase();
    return within(Number(parts[1]) * (UNIT_BYTES[unit] ?? Number.NaN), minBytes, maxBytes);
  });
}

/** The URL of a server, without credentials: those would end up in logs. */
export const serverUrl: TextType<string> = textType(
  'the http or https URL of a server, without user and password',
  (value) => {
    const url = URL.parse(value);
    if (url === null || !/^https?:\/\/[^/]/.test(value)) return undefined;
    return url.username === '' && url.password === '' ? value : undefined;
  },
);

/** A prefix of keys: not empty, without a slash at either end, and nothing that a tool may take for another path. */
export const keyPrefix: TextType<string> = textType(
  "parts joined by '/'",
  (value) => (keyPrefixFlaw(value) === undefined ? value : undefined),
  keyPrefixFlaw,
);

/** When something is due: kept as text, because its time zone is a setting of its own. */
export const schedule: TextType<string> = textType(
  "a cron expression such as '0 2 * * *', an interval such as PT1H, or none",
  (value) => (readSchedule(value, 'UTC').isOk() ? value : undefined),
  (value) =>
    readSchedule(value, 'UTC').match(
      () => undefined,
      (flaw) => flaw,
    ),
);

/** The name of a time zone. */
export const timeZone: TextType<string> = textType('a time zone such as UTC or Europe/Berlin', (value) =>
  timeZoneFlaw(value) === undefined ? value : undefined,
);

/** A list of words, separated by commas. */
export const wordList: TextType<readonly string[]> = textType('words separated by commas', (value) => {
  const words = value.split(',').map((word) => word.trim());
  return words.every((word) => word !== '') ? words : undefined;
});

/** Keys as `id:secret`, separated by commas. What is wrong with one is told without it. */
export const encryptionKeyList: TextType<readonly EncryptionKey[]> = textType(
  "keys as 'id:secret' separated by commas",
  (value) => {
    const keys = readKeys(value);
    return encryptionKeyProblems(keys).length === 0 ? keys : undefined;
  },
  (value) => encryptionKeyProblems(readKeys(value)).join('; '),
);

function readKeys(value: string): EncryptionKey[] {
  return value.split(',').map((part) => {
    const [id = '', secret = ''] = part.trim().split(':');
    return { id, secret };
  });
}

/** Files of keys as `id:path`, separated by commas. They are read when the store is opened. */
export const encryptionKeyFileList: TextType<readonly EncryptionKeyFile[]> = textType(
  "files of keys as 'id:path' separated by commas, each id once",
  (value) => {
    const files = value.split(',').map((part) => {
      const [id = '', ...path] = part.trim().split(':');
      return { id, path: path.join(':').trim() };
    });
    // A key in place of a path would end up in the message that there is no such file.
    const isPath = (path: string) => path !== '' && !isKeyOf32Bytes(path);
    const isList = files.every(({ id, path }) => isKeyId(id) && isPath(path));
    return isList && new Set(files.map(({ id }) => id)).size === files.length ? files : undefined;
  },
);

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
