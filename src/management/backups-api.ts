// The routes of the management API: what each answers, in the shapes of 8.2 and later or of 8.1. It knows
// HTTP and the shapes, and nothing of how a cluster does what is asked.
import { type BackupError, CheckpointNotNewer } from '../core/errors.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';
import type { BackupOperations } from './backup-operations.ts';
import { httpStatus } from './error-status.ts';
import { json, legacyFailure, message } from './http-answer.ts';
import { requestedId } from './request-id.ts';
import { isUnusedId, itemId, listQuery } from './request-url.ts';
import { statusPage } from './status-page.ts';
import { type LegacyBackupInfo, type ManagementDialect, toBackupInfo, toLegacyBackupInfo } from './wire.ts';

export interface BackupsApiSettings {
  /** Where the backups are. */
  readonly root: string;
  readonly dialect: ManagementDialect;
  /** Whether a trigger without an id gets one, or a 400. */
  readonly generateIds: boolean;
}

/** The routes under one path, over the operations of one cluster. */
export class BackupsApi {
  readonly #operations: BackupOperations;
  readonly #root: string;
  readonly #dialect: ManagementDialect;
  readonly #generateIds: boolean;

  constructor(operations: BackupOperations, { root, dialect, generateIds }: BackupsApiSettings) {
    this.#operations = operations;
    this.#root = root;
    this.#dialect = dialect;
    this.#generateIds = generateIds;
  }

  /** Whether this asks for the page alone, which holds no data: a browser has no token to send with it. */
  isForPage(request: Request): boolean {
    return URL.parse(request.url)?.pathname === `${this.#root}/ui` && isRead(request);
  }

  async answer(request: Request): Promise<Response> {
    const url = URL.parse(request.url);
    if (url === null) return message(400, 'the request has no valid URL');
    if (url.pathname === this.#root) return this.#collection(request, url);
    const id = itemId(url.pathname, this.#root);
    // No id is a word, so these take nothing from anybody.
    if (id === 'ui') return isRead(request) ? statusPage() : notAllowed(request, 'GET, HEAD');
    if (id === 'ranges' && this.#operations.ranges !== undefined) return this.#ranges(request);
    if (id !== undefined) return this.#item(request, id);
    return message(404, `nothing is at ${url.pathname.slice(0, 200)}; the backups are at ${this.#root}`);
  }

  async #collection(request: Request, url: URL): Promise<Response> {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#list(url, request.signal);
      case 'POST':
        return this.#trigger(request, url);
      default:
        return notAllowed(request, 'GET, HEAD, POST');
    }
  }

  async #item(request: Request, id: string): Promise<Response> {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#status(id, request.signal);
      case 'POST':
        return this.#legacyTrigger(id);
      case 'DELETE':
        return this.#delete(id);
      default:
        return notAllowed(request, 'GET, HEAD, POST, DELETE');
    }
  }

  // A client that goes away does not call off a trigger or a delete: it would end on some partitions only.
  async #trigger(request: Request, url: URL): Promise<Response> {
    const requested = await requestedId(request, url, { mayBeMissing: this.#generateIds });
    if (requested.isErr()) return message(requested.error.status, requested.error.text);
    const triggered = await this.#operations.trigger(requested.value);
    if (triggered.isErr()) return failure(triggered.error);
    const id = triggered.value;
    const where = `GET ${this.#root.replace(/^\//, '')}/${id}`;
    const text = `A backup with id ${id} has been scheduled. Use ${where} to monitor the status.`;
    // Zeebe has the field from 8.9 on, and before that nobody who does not know the id.
    return json(202, requested.value === undefined ? { message: text, backupId: id } : { message: text });
  }

  /**
   * 8.1 takes an id that is used up for a success, because a caller that repeats itself wants to hear that.
   */
  async #legacyTrigger(text: string): Promise<Response> {
    const id = parseCheckpointId(text);
    if (id.isErr()) return legacyFailure(400, text, id.error.message);
    const triggered = await this.#operations.trigger(id.value);
    if (triggered.isOk() || triggered.error.name === 'CheckpointNotNewer') return json(200, { id: id.value });
    return legacyFailure(500, text, triggered.error.message);
  }

  async #status(text: string, signal: AbortSignal): Promise<Response> {
    const modern = this.#dialect === 'modern';
    const id = parseCheckpointId(text);
    if (id.isErr()) {
      if (isUnusedId(text)) return modern ? notFound(text) : json(200, legacyNothing(text));
      return modern ? failure(id.error) : legacyFailure(400, text, id.error.message);
    }
    const status = await this.#operations.status(id.value, { signal });
    if (status.isErr()) {
      return modern ? failure(status.error) : legacyFailure(500, text, status.error.message);
    }
    if (!modern) return json(200, toLegacyBackupInfo(status.value));
    return status.value.state === 'DOES_NOT_EXIST' ? notFound(text) : json(200, toBackupInfo(status.value));
  }

  async #list(url: URL, signal: AbortSignal): Promise<Response> {
    const query = listQuery(url);
    if (query.isErr()) return failure(query.error);
    const page = await this.#operations.list(query.value, { signal });
    if (page.isErr()) return failure(page.error);
    const { backups, next } = page.value;
    const { limit } = query.value;
    // Relative to the request's own URL, so it is right behind any proxy.
    const link = next === undefined ? {} : { link: `<?before=${next}&limit=${limit}>; rel="next"` };
    return json(200, backups.map(toBackupInfo), link);
  }

  async #ranges(request: Request): Promise<Response> {
    if (!isRead(request)) return notAllowed(request, 'GET, HEAD');
    const told = await this.#operations.ranges?.({ signal: request.signal });
    if (told === undefined) return notFound('ranges');
    return told.isErr() ? failure(told.error) : json(200, told.value);
  }

  async #delete(text: string): Promise<Response> {
    const id = parseCheckpointId(text);
    if (id.isErr()) return failure(id.error);
    const deleted = await this.#operations.delete(id.value);
    return deleted.isErr() ? failure(deleted.error) : new Response(null, { status: 204 });
  }
}

function failure(error: BackupError): Response {
  const next = error instanceof CheckpointNotNewer ? error.nextFree : undefined;
  const body = { message: error.message, ...(next === undefined ? {} : { nextBackupId: next }) };
  return json(httpStatus(error), body);
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

function notFound(id: string): Response {
  return message(404, `Backup with id ${id} does not exist`);
}

function notAllowed(request: Request, allow: string): Response {
  return message(405, `${request.method} is not possible here; possible are ${allow}`, { allow });
}

function legacyNothing(id: string): LegacyBackupInfo {
  return { backupId: BigInt(id), status: 'DOES_NOT_EXIST', failureReason: null, partitions: [] };
}
