// An object storage of one's own: objects in a table of SQLite. Small on purpose; it has all that the port asks for.
import { DatabaseSync } from 'node:sqlite';
import {
  Aborted,
  err,
  ObjectAlreadyExists,
  ObjectNotFound,
  type ObjectStorage,
  type ObjectUpload,
  ok,
  type Result,
  ResultAsync,
  StoreFailure,
} from 'tidemark';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, modified INTEGER NOT NULL)';

interface Row {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly modified: number;
}

export class SqliteStorage implements ObjectStorage {
  readonly location: string;
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.location = `sqlite:${path}`;
    this.#database = new DatabaseSync(path);
    this.#database.exec(SCHEMA);
  }

  put: ObjectStorage['put'] = (key, body, { ifAbsent = false, signal } = {}) =>
    attempt<void, ObjectAlreadyExists>(`put ${key}`, signal, () => {
      const verb = ifAbsent ? 'INSERT OR IGNORE' : 'INSERT OR REPLACE';
      const { changes } = this.#database
        .prepare(`${verb} INTO objects VALUES (?, ?, ?)`)
        .run(key, body, Date.now());
      return changes === 0 ? err(new ObjectAlreadyExists(key)) : ok();
    });

  get: ObjectStorage['get'] = (key, { range, signal } = {}) =>
    attempt(`get ${key}`, signal, () => {
      const row = this.#row('SELECT bytes FROM objects WHERE key = ?', key);
      if (row === undefined) return err(new ObjectNotFound(key));
      return ok(range === undefined ? row.bytes : row.bytes.slice(range.start, range.start + range.length));
    });

  head: ObjectStorage['head'] = (key, { signal } = {}) =>
    attempt(`head ${key}`, signal, () => {
      const row = this.#row('SELECT key, length(bytes) AS size, modified FROM objects WHERE key = ?', key);
      return row === undefined ? err(new ObjectNotFound(key)) : ok(infoOf(row));
    });

  list: ObjectStorage['list'] = (prefix, { startAfter = '', limit = 1_000, signal } = {}) =>
    attempt(`list ${prefix}`, signal, () => {
      const rows = this.#database
        .prepare(
          `SELECT key, length(bytes) AS size, modified FROM objects
           WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?`,
        )
        // One more than asked for tells whether there is more. Nothing sorts behind the last character of all.
        .all(prefix, `${prefix}\u{10ffff}`, startAfter, limit + 1) as unknown as Row[];
      const objects = rows.slice(0, limit).map(infoOf);
      return ok({ objects, truncated: rows.length > limit, now: Date.now() });
    });

  delete: ObjectStorage['delete'] = (keys, { signal } = {}) =>
    attempt(`delete ${keys.length} objects`, signal, () => {
      const statement = this.#database.prepare('DELETE FROM objects WHERE key = ?');
      for (const key of keys) statement.run(key);
      return ok();
    });

  startUpload: ObjectStorage['startUpload'] = (key, { signal }) =>
    attempt(`start upload ${key}`, signal, () => ok(this.#upload(key)));

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #row(sql: string, key: string): Row | undefined {
    return this.#database.prepare(sql).get(key) as unknown as Row | undefined;
  }

  /** Keeps the parts in memory: an upload that nobody completes leaves nothing behind. */
  #upload(key: string): ObjectUpload {
    const parts: Uint8Array[] = [];
    return {
      part: (index, bytes, { signal } = {}) =>
        attempt(`put part ${index} of ${key}`, signal, () => {
          parts[index] = Uint8Array.from(bytes);
          return ok();
        }),
      complete: (options) =>
        this.put(key, Buffer.concat(parts), options).mapErr((error) =>
          error.name === 'ObjectAlreadyExists' ? new StoreFailure('complete', error.message) : error,
        ),
      abort: () => attempt(`abort ${key}`, undefined, () => ok(void parts.splice(0))),
    };
  }
}

function infoOf({ key, size, modified }: Row) {
  return { key, sizeBytes: size, lastModified: modified };
}

/** What SQLite throws becomes a StoreFailure. A storage behind a network says StoreUnavailable of what may pass. */
function attempt<T, E = never>(
  operation: string,
  signal: AbortSignal | undefined,
  run: () => Result<T, E>,
): ResultAsync<T, E | Aborted | StoreFailure> {
  const settle = async (): Promise<Result<T, E | Aborted | StoreFailure>> => {
    if (signal?.aborted) return err(new Aborted(operation));
    try {
      return run();
    } catch (cause) {
      return err(new StoreFailure(operation, String(cause), cause));
    }
  };
  return new ResultAsync(settle());
}
