// Gateways of Zeebe 8.1 and 8.6 as far as their management API goes: recorded answers behind a real HTTP server.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Canned {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

export interface Gateway {
  readonly url: string;
  readonly requests: string[];
  close(): Promise<void>;
}

const ACTUATOR = 'application/vnd.spring-boot.actuator.v3+json';

/** Serves the answers by `METHOD /path`; the body of the request is part of what is recorded. */
export async function gateway(answer: (request: string, path: string) => Canned): Promise<Gateway> {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(`${request.method} ${request.url}${body === '' ? '' : ` ${body}`}`);
    const path = (request.url ?? '').split('?')[0] ?? '';
    const canned = answer(`${request.method} ${path}`, path);
    response.writeHead(canned.status, { 'content-type': ACTUATOR, ...canned.headers });
    response.end(canned.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The error body of the framework, for routes and methods that the gateway does not have. */
export function spring(status: number, error: string, path: string): Canned {
  const body = JSON.stringify({ timestamp: '2026-11-24T02:54:42.190+00:00', status, error, path });
  return { status, body, headers: { 'content-type': 'application/json' } };
}

export const ZEEBE_8_1: Record<string, Canned> = {
  'GET /actuator/backups/1': {
    status: 200,
    body: '{"backupId":1,"status":"COMPLETED","failureReason":null,"partitions":[{"partitionId":1,"status":"COMPLETED","description":{"snapshotId":"1652-1-4714-9223372036854775807","checkpointPosition":8885,"brokerId":0,"brokerVersion":"8.1.27"},"failureReason":null,"createdAt":"2026-11-24T02:53:18.651229902Z","lastUpdatedAt":"2026-11-24T02:53:20.273989732Z"},{"partitionId":2,"status":"COMPLETED","description":{"snapshotId":"1612-1-4665-9223372036854775807","checkpointPosition":8767,"brokerId":0,"brokerVersion":"8.1.27"},"failureReason":null,"createdAt":"2026-11-24T02:53:18.642443225Z","lastUpdatedAt":"2026-11-24T02:53:20.278870732Z"}]}',
  },
  'GET /actuator/backups/10': {
    status: 200,
    body: '{"backupId":10,"status":"DOES_NOT_EXIST","failureReason":null,"partitions":[{"partitionId":1,"status":"DOES_NOT_EXIST","description":null,"failureReason":null,"createdAt":null,"lastUpdatedAt":null},{"partitionId":2,"status":"DOES_NOT_EXIST","description":null,"failureReason":null,"createdAt":null,"lastUpdatedAt":null}]}',
  },
  'GET /actuator/backups/12': {
    status: 200,
    body: '{"backupId":12,"status":"DOES_NOT_EXIST","failureReason":null,"partitions":[{"partitionId":1,"status":"DOES_NOT_EXIST","description":null,"failureReason":null,"createdAt":null,"lastUpdatedAt":null},{"partitionId":2,"status":"IN_PROGRESS","description":null,"failureReason":null,"createdAt":null,"lastUpdatedAt":null}]}',
  },
  'POST /actuator/backups/11': { status: 200, body: '{"id":11}' },
  'POST /actuator/backups/13': {
    status: 500,
    body: '{"id":13,"failure":"Expected to send request, but no leader"}',
  },
};

export const ZEEBE_8_6: Record<string, Canned> = {
  'POST /actuator/backups': {
    status: 202,
    body: '{"message":"A backup with id 10 has been scheduled. Use GET actuator/backups/10 to monitor the status."}',
  },
  'GET /actuator/backups/2': {
    status: 200,
    body: '{"backupId":2,"state":"INCOMPLETE","details":[{"partitionId":3,"state":"COMPLETED","createdAt":"2026-11-24T01:29:57.706227227Z","lastUpdatedAt":"2026-11-24T01:29:58.180037513Z","snapshotId":"7424-1-53396-9223372036854775807-0","checkpointPosition":53549,"brokerVersion":"8.6.0"},{"partitionId":1,"state":"COMPLETED","createdAt":"2026-11-24T01:29:57.690449819Z","lastUpdatedAt":"2026-11-24T01:29:58.172274182Z","snapshotId":"7459-1-53468-9223372036854775807-0","checkpointPosition":53499,"brokerVersion":"8.6.0"},{"partitionId":2,"state":"DOES_NOT_EXIST"}]}',
  },
  'GET /actuator/backups/999999': { status: 404, body: '{"message":"Backup with id 999999 does not exist"}' },
  'GET /actuator/backups/3': {
    status: 500,
    body: '{"message":"software.amazon.awssdk.core.exception.SdkClientException: Unable to execute HTTP request"}',
  },
  'GET /actuator/backups': {
    status: 200,
    body: '[{"backupId":1,"state":"COMPLETED","details":[{"partitionId":1,"state":"COMPLETED","createdAt":"2026-11-24T01:17:29.898274054Z","brokerVersion":"8.6.0"}]},{"backupId":10,"state":"FAILED","failureReason":"Backup on partition 1 failed due to x. ","details":[{"partitionId":1,"state":"FAILED","failureReason":"x","createdAt":"2026-11-24T01:17:29.898274054Z","brokerVersion":""}]},{"backupId":2,"state":"COMPLETED","details":[{"partitionId":1,"state":"COMPLETED","createdAt":"2026-11-24T01:29:57.690449819Z","brokerVersion":"8.6.0"}]}]',
  },
  'DELETE /actuator/backups/10': { status: 204 },
};

export const zeebe81 = () => gateway((request, path) => ZEEBE_8_1[request] ?? spring(404, 'Not Found', path));

export const zeebe86 = () =>
  gateway((request, path) => {
    if (/^POST .*\/\d+$/.test(request)) return spring(405, 'Method Not Allowed', path);
    return ZEEBE_8_6[request] ?? spring(404, 'Not Found', path);
  });
