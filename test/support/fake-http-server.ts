// A bare HTTP server on loopback for tests that need wrong answers. Reads each request whole, then lets the test
// answer, hang or cut. `close` also cuts what hangs.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface FakeHttpServer {
  readonly endpoint: string;
  readonly requests: readonly FakeRequest[];
  /** How many connections clients have made. */
  connections(): number;
  close(): Promise<void>;
}

export async function startFakeHttpServer(
  answer: (response: ServerResponse, request: FakeRequest, count: number) => void,
): Promise<FakeHttpServer> {
  const requests: FakeRequest[] = [];
  let connections = 0;
  const server = createServer(async (incoming, response) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { method = '', url = '', headers } = incoming;
    requests.push({ method, url, headers, body: Buffer.concat(parts) });
    answer(response, requests.at(-1) as FakeRequest, requests.length);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
