// Free ports for servers that are killed and come back: outside of the range that outgoing connections take theirs from, or
// another process could sit on a port while its node is down.
import { createServer } from 'node:net';

const FIRST = 12_000;
const COUNT = 18_000;

export async function quietPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries > 1_000) throw new Error(`there are no ${count} free ports from ${FIRST} on`);
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
