// The management API over HTTP, as a fetch-style handler: any server that speaks Request and Response can
// mount it. It never throws, and bad input never becomes a 500.
import { invariant } from '../core/invariant.ts';
import type { Logger } from '../ports/telemetry.ts';
import type { BackupOperations } from './backup-operations.ts';
import { BackupsApi } from './backups-api.ts';
import { hasBearerToken } from './bearer-token.ts';
import { message } from './http-answer.ts';
import type { ManagementDialect } from './wire.ts';

/** Answers one request. Never rejects. */
export type ManagementHandler = (request: Request) => Promise<Response>;

export interface ManagementHandlerOptions {
  /** Where the API lives: the backups are under `<basePath>/backups`. Default `/actuator`. */
  readonly basePath?: string;
  /** The shape of `GET /backups/{id}`. Both ways to trigger work in either. Default `modern`. */
  readonly dialect?: ManagementDialect;
  /** When set, requests need `Authorization: Bearer <token>`; the page at `<basePath>/backups/ui` asks for it. */
  readonly bearerToken?: string;
  /**
   * Makes the id of a `POST /backups` that has none. Otherwise that is a 400, as in Zeebe before 8.9: a script whose
   * id got lost on the way hears of it. Default false.
   */
  readonly generateIds?: boolean;
  /** Is told about unexpected failures, which answer 500. */
  readonly logger?: Logger;
}

/**
 * Makes the handler of the management API. See docs/reference/http-api.md for routes, shapes and statuses.
 */
export function managementHandler(
  operations: BackupOperations,
  options: ManagementHandlerOptions = {},
): ManagementHandler {
  const { bearerToken, logger, dialect = 'modern', generateIds = false } = options;
  invariant(bearerToken !== '', 'an empty bearer token lets everybody in; leave it out to mean that');
  const basePath = (options.basePath ?? '/actuator').replace(/^\/*/, '/').replace(/\/+$/, '');
  const api = new BackupsApi(operations, { root: `${basePath}/backups`, dialect, generateIds });
  return async (request) => {
    try {
      const isOpen = bearerToken === undefined || api.isForPage(request);
      if (!isOpen && !hasBearerToken(request, bearerToken)) {
        return message(401, 'a bearer token is needed', { 'www-authenticate': 'Bearer' });
      }
      if (bearerToken === undefined && isSentByPage(request)) {
        return message(403, 'a web page sent this; without a bearer token only programs may change anything');
      }
      const response = await api.answer(request);
      return request.method === 'HEAD' ? new Response(null, response) : response;
    } catch (cause) {
      logger?.error({ err: cause }, 'the management API failed on a request');
      return message(500, 'internal error; the log of this node says more');
    }
  };
}

/**
 * Browsers put an Origin on what a page sends with any method but GET and HEAD. A page from anywhere reaches what
 * listens on its reader's machine, and one trigger with a high id would use up all ids below it.
 */
function isSentByPage({ method, headers }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD' && headers.has('origin');
}
