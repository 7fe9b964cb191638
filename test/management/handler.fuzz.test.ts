// Whatever is sent, the handler answers, and never with a 500.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzRuns } from '../support/fuzz.ts';
import { setUp } from './set-up.ts';

const id = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.constantFrom('1', '0', '-1', '7.5', '1e3', 'abc', '%', '%2F', '..', ' 1', '9223372036854775807'),
  fc.string(),
);
const path = fc.oneof(
  fc.constant('/actuator/backups'),
  id.map((text) => `/actuator/backups/${text}`),
  fc.webPath(),
  fc
    .tuple(id, id)
    .map(([before, limit]) => `/actuator/backups?before=${before}&limit=${limit}&backupId=${before}`),
);
const body = fc.oneof(
  fc.constantFrom('', '{"backupId":7}', '{"backupId":"7"}'),
  id.map((text) => `{"backupId":${text}}`),
  id.map((text) => `{"backupId":"${text}"}`),
  fc.json(),
  fc.string(),
  fc.uint8Array(),
);
const method = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'NONSENSE',
);
const type = fc.constantFrom(
  'application/json',
  'text/plain',
  'application/vnd.spring-boot.actuator.v3+json',
  '*',
);

it.each(['modern', '8.1'] as const)('in the dialect %s', async (dialect) => {
  const { cluster, handler } = setUp({ dialect }, 2);
  cluster.put(1, 1, 'COMPLETED');
  cluster.put(7, 2, 'FAILED');
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(method, path, body, type, async (verb, where, what, contentType) => {
      const url = URL.parse(`http://localhost${where}`);
      fc.pre(url !== null);
      for (const partition of cluster.all.values()) partition.latest = 6n;
      const hasBody = verb !== 'GET' && verb !== 'HEAD';
      const init = { method: verb, headers: { 'content-type': contentType } };
      const response = await handler(new Request(url, hasBody ? { ...init, body: what } : init));
      seen.add(response.status);
      expect([200, 202, 204, 400, 404, 405, 409, 415]).toContain(response.status);
      const text = await response.text();
      if (text !== '') JSON.parse(text);
    }),
    fuzzRuns(1_500),
  );
  // A fuzz that only ever meets a 404 tests nothing.
  for (const status of [200, 202, 204, 400, 404, 405, 415]) expect([...seen]).toContain(status);
});
