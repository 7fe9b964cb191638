// The management API in the servers of others: each example is started and asked, and its guide shows it as it is.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expressApp } from '../../examples/management/express.ts';
import { fastifyApp } from '../../examples/management/fastify.ts';
import { honoApp } from '../../examples/management/hono.ts';
import { httpServer } from '../../examples/management/node-http.ts';
import type { BackupOperations } from '../../src/management/backup-operations.ts';
import { setUp } from '../management/set-up.ts';

const SERVERS: Readonly<Record<string, (backups: BackupOperations) => Promise<Server>>> = {
  'node-http': async (backups) => httpServer(backups),
  express: async (backups) => createServer(expressApp(backups)),
  hono: async (backups) => createServer(getRequestListener(honoApp(backups).fetch)),
  fastify: async (backups) => {
    const app = fastifyApp(backups);
    await app.ready();
    return app.server;
  },
};

async function start(name: string) {
  const { operations, cluster } = setUp();
  const server = await SERVERS[name]?.(operations);
  if (server === undefined) throw new Error(`no server ${name}`);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: answer.status, text: await answer.text() };
  };
  return { ask, cluster };
}

const json = { 'content-type': 'application/json' };

describe.each(Object.keys(SERVERS))('%s', (name) => {
  it('lists, takes, tells and deletes backups', async () => {
    const { ask, cluster } = await start(name);
    expect(await ask('/actuator/backups')).toEqual({ status: 200, text: '[]' });
    const body = '{"backupId":9007199254740993}';
    expect(await ask('/actuator/backups', { method: 'POST', headers: json, body })).toMatchObject({
      status: 202,
    });
    expect(cluster.requests).toContain('take 1 9007199254740993');
    const told = await ask('/actuator/backups/9007199254740993');
    expect(told.text).toContain('"backupId":9007199254740993,"state":"COMPLETED"');
    expect(await ask('/actuator/backups?limit=1')).toMatchObject({ status: 200 });
    const gone = await ask('/actuator/backups/9007199254740993', { method: 'DELETE' });
    expect(gone).toEqual({ status: 204, text: '' });
    expect((await ask('/actuator/backups', { method: 'POST' })).status).toBe(400);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'nonsense'])(
    'lets the API refuse %s',
    async (type) => {
      const { ask } = await start(name);
      const answer = await ask('/actuator/backups', {
        method: 'POST',
        headers: { 'content-type': type },
        body: 'backupId=1',
      });
      expect(answer.status).toBe(415);
      expect(JSON.parse(answer.text)).toHaveProperty('message');
    },
  );

  it('shows the page, and leaves other routes alone', async () => {
    const { ask } = await start(name);
    expect((await ask('/actuator/backups/ui')).text).toMatch(/^<!doctype html>/);
    expect(await ask('/health')).toEqual({ status: 200, text: '{"up":true}' });
  });

  it('is in the guide as it is', async () => {
    const here = new URL('../../', import.meta.url);
    const example = (await readFile(new URL(`examples/management/${name}.ts`, here), 'utf8')).trimEnd();
    const guide = await readFile(new URL('docs/guides/management-api.md', here), 'utf8');
    expect(guide).toContain(`\`\`\`ts\n${example}\n\`\`\``);
  });
});
