// A proxy on loopback before an S3 server that notes each request: what really goes over the wire. It changes nothing, and
// signatures hold, for it passes the host on as it was.
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Forwards to the server and notes each request as `METHOD path?query`. */
export async function startRequestCounter(endpoint: string) {
  const seen: string[] = [];
  const connections = { now: 0, peak: 0 };
  const { hostname, port } = new URL(endpoint);
  const server = createServer((incoming, answer) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const { method, url: path, headers } = incoming;
    const onward = forward({ hostname, port, method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', (socket) => {
    connections.now += 1;
    connections.peak = Math.max(connections.peak, connections.now);
    socket.once('close', () => {
      connections.now -= 1;
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port: own } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { seen, connections, endpoint: `http://127.0.0.1:${own}`, close };
}
