// What a gateway should never say, and what a token should never hold: refused, in words that help.
import { ManagementClient, type ManagementClientSettings, startManagementServer } from 'tidemark/management';
import { afterEach, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { type Canned, gateway } from './canned-gateways.ts';
import { setUp } from './set-up.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

function client(url: string, settings: Partial<ManagementClientSettings> = {}) {
  return new ManagementClient({ fetch, clock: systemClock }, { url, timeoutMs: 10_000, ...settings });
}

async function answering(answer: Canned) {
  const server = await gateway(() => answer);
  open.push(server);
  return server;
}

describe('a token that no header can hold', () => {
  it.each(['a\nsecret', 'secret\u4e03', 'secret\u0001', '', '\n'])(
    'is refused and not shown: %j',
    async (token) => {
      const server = await answering({ status: 200, body: '[]' });
      const error = (await client(server.url, { token }).list())._unsafeUnwrapErr();
      expect(error).toMatchObject({ name: 'InvalidInput', field: 'token' });
      expect(error.message).not.toContain('secret');
      expect(String(error.cause)).not.toContain('secret');
      expect(server.requests).toEqual([]);
    },
  );

  it('may end in a line break, as a file does', async () => {
    const { handler } = setUp({ bearerToken: 'secret' });
    const server = (await startManagementServer(handler, { port: 0 }))._unsafeUnwrap();
    open.push(server);
    expect((await client(server.url, { token: 'secret\n' }).list()).isOk()).toBe(true);
  });
});

describe('an answer that cannot be true', () => {
  const partition = (fields: string) =>
    `{"backupId":7,"state":"COMPLETED","details":[{"partitionId":1,"state":"COMPLETED",${fields}}]}`;
  it.each([
    ['{"backupId":8,"state":"COMPLETED","details":[]}', 'the answer is about backup 8'],
    ['{"backupId":9223372036854775808,"state":"COMPLETED","details":[]}', 'backupId is 9223372036854775808'],
    [partition('"checkpointPosition":9223372036854775808'), 'checkpointPosition is 9223372036854775808'],
    [partition('"brokerId":9007199254740993'), 'brokerId is 9007199254740993'],
    [partition(`"brokerId":${'9'.repeat(400)}`), 'brokerId is 999'],
    ['<html>log in</html>', "answer='<html>log in</html>'"],
  ])('is refused: %s', async (body, expected) => {
    const server = await answering({ status: 200, body });
    const error = (await client(server.url).status(checkpointId(7)))._unsafeUnwrapErr();
    expect(error.name).toBe('ManagementApiError');
    expect(error.message).toContain(expected);
  });
});
