// An S3 server for those who have none at hand, in a process of its own so that it outlives the nodes. It keeps
// everything in memory: when it ends the backups are gone.
import process from 'node:process';
import { buildApp } from 'fauxqs';

const app = buildApp({ logger: false });
const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`${JSON.stringify({ ready: true, endpoint })}\n`);

const stop = () => void app.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.on('SIGINT', () => {});
process.stdin.resume().once('end', stop).once('error', stop);
