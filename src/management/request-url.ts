// Reads what a request says in its URL: which backup, and which page of a listing. Bad input is an error that
// names the field.
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';
import { type CheckpointId, INT64_MAX } from '../core/ids.ts';
import { BACKUPS_PER_PAGE, BACKUPS_PER_PAGE_MAX } from '../core/limits.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';

/** The page of a listing that a request asks for. */
export interface ListQuery {
  readonly before?: CheckpointId | undefined;
  readonly limit: number;
}

/** The one path segment behind `root`, or undefined when the path is another. */
export function itemId(pathname: string, root: string): string | undefined {
  if (!pathname.startsWith(`${root}/`)) return undefined;
  const segment = pathname.slice(root.length + 1);
  if (segment === '' || segment.includes('/')) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Whether an id is a signed 64-bit number that no backup ever has: 0 and below. */
export function isUnusedId(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt(text) <= 0n && BigInt(text) >= -INT64_MAX - 1n;
}

/** One parameter of the query: absent, or given once. */
export function queryValue(url: URL, name: string): Result<string | undefined, InvalidInput> {
  const [value, ...more] = url.searchParams.getAll(name);
  return more.length === 0 ? ok(value) : err(new InvalidInput(name, 'it is given more than once'));
}

/** The page that `before` and `limit` ask for; both may be left out. */
export function listQuery(url: URL): Result<ListQuery, InvalidInput> {
  return queryValue(url, 'limit')
    .andThen(parseLimit)
    .andThen((limit) =>
      queryValue(url, 'before')
        .andThen(parseBefore)
        .map((before) => ({ before, limit })),
    );
}

function parseBefore(text: string | undefined): Result<CheckpointId | undefined, InvalidInput> {
  if (text === undefined) return ok(undefined);
  return parseCheckpointId(text).mapErr(
    () => new InvalidInput('before', `expected the id of a backup, got '${text.slice(0, 40)}'`),
  );
}

function parseLimit(text: string | undefined): Result<number, InvalidInput> {
  if (text === undefined) return ok(BACKUPS_PER_PAGE);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= BACKUPS_PER_PAGE_MAX) return ok(limit);
  const detail = `expected a whole number in 1..${BACKUPS_PER_PAGE_MAX}, got '${text.slice(0, 40)}'`;
  return err(new InvalidInput('limit', detail));
}
