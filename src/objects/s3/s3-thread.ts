// The program of the S3 thread: makes the requests that S3ThreadCalls asks for. Nothing else imports it. What a call
// has lent is let go before the call is answered, also when it was called off.

import { parentPort } from 'node:worker_threads';
import { invariant } from '../../core/invariant.ts';
import { runWithLowPriority } from '../../runtime/low-priority.ts';
import type { S3Failure } from './s3-failure.ts';
import { S3Requests } from './s3-requests.ts';
import type { S3Call, S3CallAnswer, S3CallMethod, ToS3Thread } from './s3-thread-messages.ts';

const CALLED_OFF: S3Failure = { code: 'AbortError', message: 'called off' };

invariant(parentPort !== null, 'the S3 thread is started by S3ThreadCalls');
const port = parentPort;
runWithLowPriority();
const places = new Map<number, S3Requests>();
const running = new Map<number, AbortController>();

port.on('message', (message: ToS3Thread) => {
  switch (message.kind) {
    case 'open':
      places.set(message.place, new S3Requests(message.settings));
      break;
    case 'call':
      void run(message);
      break;
    case 'abort':
      running.get(message.id)?.abort();
      break;
    case 'close':
      places.get(message.place)?.destroy();
      places.delete(message.place);
      break;
  }
});

async function run({ id, place, method, input }: S3Call<S3CallMethod>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const { signal } = controller;
  // The requests close their sockets and drop their listeners as the signal fires, and a socket that is closed reads
  // no more of what it was to write: nothing is in use when this is heard of.
  const calledOff = new Promise<S3Failure>((resolve) => {
    signal.addEventListener('abort', () => resolve(CALLED_OFF), { once: true });
  });
  const requests = places.get(place);
  invariant(requests !== undefined, 'a place is opened before it is called');
  const call = requests[method] as (input: unknown, signal: AbortSignal) => ReturnType<S3Requests['put']>;
  const answered = call
    .call(requests, input, signal)
    .match(
      (value): S3CallAnswer => ({ id, value }),
      (failure): S3CallAnswer => ({ id, failure }),
    )
    .catch((cause: unknown) => ({ id, failure: fault(cause) }));
  const answer = await Promise.race([answered, calledOff.then((failure) => ({ id, failure }))]);
  running.delete(id);
  try {
    port.postMessage(answer, ownMemoryOf(answer));
  } catch (cause) {
    port.postMessage({ id, failure: fault(cause) } satisfies S3CallAnswer);
  }
}

/** What is thrown is a bug, and ends the call alone: other stores have theirs on this thread. */
function fault(cause: unknown): S3Failure {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  return { code: name, message };
}

/** Received bytes are handed over and not copied, unless they are in lent memory. */
function ownMemoryOf(answer: S3CallAnswer): ArrayBuffer[] {
  const { bytes } = (answer.value?.output ?? {}) as { readonly bytes?: Uint8Array };
  const isWhole = bytes !== undefined && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}
