// A client of the management API, for tidemark's own and for Zeebe's gateways from 8.1 on. A request that may
// have had an effect is never sent a second time.
import { err, errAsync, ok, type Result, type ResultAsync } from 'neverthrow';
import { BackupNotFound, BackupsDisabled, CheckpointNotNewer, InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { BACKUPS_PER_PAGE, MANAGEMENT_CALL_TIMEOUT_MS } from '../core/limits.ts';
import { ManagementApiError } from '../core/management-errors.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';
import { fromAsync } from '../core/result.ts';
import type { Clock } from '../ports/environment.ts';
import { decodeBackupInfo, decodeBackupInfos, fieldsOf } from './decode-backup-info.ts';
import {
  callManagement,
  type Fetch,
  type ManagementCallError,
  type ManagementReply,
} from './management-call.ts';
import { managementEndpoint } from './management-endpoint.ts';
import type { BackupInfo, ManagementDialect } from './wire.ts';

export interface ManagementClientComponents {
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, 'sleep'>;
}

export interface ManagementClientSettings {
  /** Where the management API is: `http://host:9600`, with or without `/actuator`. */
  readonly url: string;
  /** How to trigger; `auto` finds out which of the two the gateway knows. Default `auto`. */
  readonly dialect?: 'auto' | ManagementDialect;
  /** The limit of one call, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
}

export interface ManagementCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Some of a cluster's backups, newest first. */
export interface BackupInfoPage {
  readonly backups: readonly BackupInfo[];
  /** Where the next page starts: pass it as `before`. Absent on the last page. */
  readonly next?: CheckpointId;
}

/** What every call can end with. */
export type ManagementClientError = ManagementCallError | ManagementApiError | BackupsDisabled | InvalidInput;

/** Triggers, tells, lists and deletes the backups of a cluster that runs somewhere else. */
export class ManagementClient {
  readonly #components: ManagementClientComponents;
  readonly #settings: ManagementClientSettings;
  #dialect: 'auto' | ManagementDialect;

  constructor(components: ManagementClientComponents, settings: ManagementClientSettings) {
    this.#components = components;
    this.#settings = settings;
    this.#dialect = settings.dialect ?? 'auto';
  }

  /**
   * Triggers a backup and gives its id once it is scheduled. 8.1 says yes to an id that is used up as well: look
   * at the status there. When no answer comes the backup may have been triggered; the same id can be
   * triggered again.
   *
   * Without an id the gateway makes one, where it does that: tidemark's when it is told to, Camunda's from 8.9 on with
   * a schedule. Others answer 400, and one of 8.1 ends as InvalidInput.
   */
  trigger(
    id?: CheckpointId,
    options: ManagementCallOptions = {},
  ): ResultAsync<CheckpointId, ManagementClientError | CheckpointNotNewer> {
    return fromAsync<CheckpointId, ManagementClientError | CheckpointNotNewer>(async () => {
      if (this.#dialect === '8.1') return this.#legacyTrigger(id, options);
      const reply = await this.#call('POST', '', options, id === undefined ? '{}' : `{"backupId":${id}}`);
      if (reply.isErr()) return err(reply.error);
      // No such route, so nothing has happened, and the other way cannot be the second time.
      const isUnknownRoute = [404, 405].includes(reply.value.status) && !hasText(reply.value, 'message');
      if (this.#dialect === 'auto' && isUnknownRoute) return this.#legacyTrigger(id, options);
      if (reply.value.status === 202 && hasText(reply.value, 'message')) {
        this.#dialect = 'modern';
        const taken = id ?? scheduledId(reply.value);
        return taken === undefined
          ? err(unusable(reply.value, 'the answer names no id; list the backups'))
          : ok(taken);
      }
      const notFree = id === undefined ? undefined : notNewer(id, reply.value);
      return err(notFree ?? refusal(reply.value));
    });
  }

  /** The state of a backup. An 8.1 answer is told in the shape of later versions. */
  status(
    id: CheckpointId,
    options: ManagementCallOptions = {},
  ): ResultAsync<BackupInfo, ManagementClientError | BackupNotFound> {
    return fromAsync<BackupInfo, ManagementClientError | BackupNotFound>(async () => {
      const reply = await this.#call('GET', `/${id}`, options);
      if (reply.isErr()) return err(reply.error);
      const { status, body } = reply.value;
      if (status === 404 && hasText(reply.value, 'message')) return err(new BackupNotFound(id));
      if (status !== 200 || body === undefined) return err(refusal(reply.value));
      const info = decodeBackupInfo(body);
      if (info.isErr()) return err(unusable(reply.value, info.error));
      if (info.value.backupId !== id) {
        return err(unusable(reply.value, `the answer is about backup ${info.value.backupId}`));
      }
      return info.value.state === 'DOES_NOT_EXIST' ? err(new BackupNotFound(id)) : ok(info.value);
    });
  }

  /**
   * A page of the backups, newest first: those below `before`, at most `limit` (default 100). Gateways that
   * know no pages send all, and the page is cut here. 8.1 has no listing.
   */
  list(
    query: { readonly before?: CheckpointId | undefined; readonly limit?: number | undefined } = {},
    options: ManagementCallOptions = {},
  ): ResultAsync<BackupInfoPage, ManagementClientError> {
    const { before, limit = BACKUPS_PER_PAGE } = query;
    return fromAsync<BackupInfoPage, ManagementClientError>(async () => {
      const parameters = `?limit=${limit}${before === undefined ? '' : `&before=${before}`}`;
      const reply = await this.#call('GET', parameters, options);
      if (reply.isErr()) return err(reply.error);
      const { status, body } = reply.value;
      if (status !== 200 || body === undefined) return err(refusal(reply.value));
      const infos = decodeBackupInfos(body);
      if (infos.isErr()) return err(unusable(reply.value, infos.error));
      return ok(pageOf(infos.value, before, limit, reply.value.headers));
    });
  }

  /** Deletes a backup. Deleting what is not there succeeds. 8.1 cannot delete. */
  delete(id: CheckpointId, options: ManagementCallOptions = {}): ResultAsync<void, ManagementClientError> {
    return fromAsync<void, ManagementClientError>(async () => {
      const reply = await this.#call('DELETE', `/${id}`, options);
      if (reply.isErr()) return err(reply.error);
      return reply.value.status === 204 ? ok(undefined) : err(refusal(reply.value));
    });
  }

  #legacyTrigger(
    id: CheckpointId | undefined,
    options: ManagementCallOptions,
  ): ResultAsync<CheckpointId, ManagementClientError | CheckpointNotNewer> {
    if (id === undefined)
      return errAsync(new InvalidInput('backupId', 'a gateway of 8.1 makes none; give one'));
    return this.#call('POST', `/${id}`, options).andThen((reply) => {
      if (reply.status !== 200 || fieldsOf(reply.body).id !== id) return err(refusal(reply));
      this.#dialect = '8.1';
      return ok(id);
    });
  }

  #call(
    method: 'GET' | 'POST' | 'DELETE',
    suffix: string,
    { signal }: ManagementCallOptions,
    body?: string,
  ): ResultAsync<ManagementReply, ManagementCallError | InvalidInput> {
    const { url, token, timeoutMs = MANAGEMENT_CALL_TIMEOUT_MS } = this.#settings;
    return checkToken(token)
      .andThen(() => managementEndpoint(url))
      .asyncAndThen<ManagementReply, ManagementCallError | InvalidInput>((endpoint) =>
        callManagement(this.#components, {
          method,
          url: `${endpoint}${suffix}`,
          ...(body === undefined ? {} : { body }),
          token,
          timeoutMs,
          signal,
        }),
      );
  }
}

/** fetch would refuse it as well, and say it out loud. */
function checkToken(token: string | undefined): Result<void, InvalidInput> {
  if (token === undefined || /^[\x20-\x7e]+$/.test(token.trim())) return ok(undefined);
  return err(
    new InvalidInput('token', 'it is empty or holds what no header can; look for a line break in it'),
  );
}

function pageOf(
  infos: readonly BackupInfo[],
  before: CheckpointId | undefined,
  limit: number,
  headers: Headers,
): BackupInfoPage {
  const asked = infos
    .filter((info) => before === undefined || info.backupId < before)
    .sort((a, b) => (a.backupId < b.backupId ? 1 : -1));
  const backups = asked.slice(0, limit);
  const more = asked.length > backups.length || /rel="?next"?/.test(headers.get('link') ?? '');
  const next = more ? parseCheckpointId(String(backups.at(-1)?.backupId)) : undefined;
  return next?.isOk() ? { backups, next: next.value } : { backups };
}

function hasText(reply: ManagementReply, name: string): boolean {
  return typeof fieldsOf(reply.body)[name] === 'string';
}

/** The id that the gateway has made: in a field of its own, or in the sentence alone. */
function scheduledId(reply: ManagementReply): CheckpointId | undefined {
  const { backupId, message } = fieldsOf(reply.body);
  const inSentence = /with id (\d+)/.exec(String(message))?.[1];
  const text = typeof backupId === 'bigint' ? String(backupId) : inSentence;
  return parseCheckpointId(text ?? '').unwrapOr(undefined);
}

/** The latest id stands in the sentence alone; there is no field for it. */
function notNewer(id: CheckpointId, reply: ManagementReply): CheckpointNotNewer | undefined {
  const { message } = fieldsOf(reply.body);
  if (reply.status !== 409 || typeof message !== 'string') return undefined;
  const latest = /latest backup has id (\d+)/.exec(message)?.[1];
  return parseCheckpointId(latest ?? '').match(
    (known) => new CheckpointNotNewer(id, known),
    () => undefined,
  );
}

function refusal(reply: ManagementReply): ManagementApiError | BackupsDisabled {
  const { message, failure } = fieldsOf(reply.body);
  const said = [message, failure].find((text) => typeof text === 'string') ?? reply.text.slice(0, 300);
  if (/no backup store is configured/i.test(String(said))) return new BackupsDisabled();
  return unusable(reply, `answer='${said}'${advice(reply.status)}`);
}

function unusable(reply: ManagementReply, detail: string): ManagementApiError {
  return new ManagementApiError(reply.request, reply.status, detail);
}

function advice(status: number): string {
  if (status === 401 || status === 403) return '; check the token';
  if (status === 404) return '; no such route there: check the address and the version of the gateway';
  return '';
}
