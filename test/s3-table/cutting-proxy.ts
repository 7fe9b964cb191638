// A TCP proxy on loopback that hangs up once so many bytes have gone to the server: what a client that dies in the midst of a
// PUT looks like. It stands before a server of the lab only.
import { connect, createServer } from 'node:net';

export interface CuttingProxy {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startCuttingProxy(target: string, cutAfterBytes: number): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    let sent = 0;
    client.on('data', (bytes) => {
      const left = cutAfterBytes - sent;
      sent += bytes.length;
      if (bytes.length < left) upstream.write(bytes);
      // What is let through arrives, and then the connection ends.
      else upstream.write(bytes.subarray(0, left), end);
    });
    upstream.on('data', (bytes) => client.write(bytes));
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
