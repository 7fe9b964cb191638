// The connections to the server. What comes in is read into one piece of memory: the parser of node:http copies the
// bodies out of it, and memory that is made anew for each read would keep the garbage collector busy.
import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OnReadOpts, Socket } from 'node:net';

/** As the SDK's own agents. */
const OPTIONS: AgentOptions = { keepAlive: true, maxSockets: 50 };

const READ_SIZE_BYTES = 256 * 1024;

/** One agent for each scheme. `destroy` closes their connections. */
export function s3Agents(): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const onread = readInto(Buffer.allocUnsafeSlow(READ_SIZE_BYTES));
  const options = { ...OPTIONS, onread };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

/** Gives each read to whoever listens to the connection. It is over before the next one: parsing is synchronous. */
function readInto(buffer: Uint8Array): OnReadOpts {
  return {
    buffer,
    callback(this: Socket, bytes: number, read: Uint8Array) {
      this.emit('data', Buffer.from(read.buffer, read.byteOffset, bytes));
      return true;
    },
  };
}
