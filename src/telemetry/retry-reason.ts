// Why a request was sent again, in one of five words: the codes of servers are too many for an attribute.
import type { StoreUnavailable } from '../core/errors.ts';

export type RetryReason = 'throttled' | 'timeout' | 'network' | 'server' | 'other';

const THROTTLED = /SlowDown|Throttl|TooManyRequests|LimitExceeded/;
const TIMEOUT = /Timeout|TIMEDOUT|DeadlineExceeded/;
/** The names that the system and Node give to failed connections. */
const NETWORK = /^(E(AI_AGAIN|ADDR|CONN|HOST|NET|NOTFOUND|PIPE)|ERR_STREAM)/;

export function retryReason({ cause, retryAfterMs }: StoreUnavailable): RetryReason {
  const { name, code, status } = wordsOf(cause);
  const words = `${name} ${code}`;
  if (THROTTLED.test(words) || status === 429 || retryAfterMs !== undefined) return 'throttled';
  if (TIMEOUT.test(words) || status === 408 || status === 504) return 'timeout';
  if (NETWORK.test(name) || NETWORK.test(code)) return 'network';
  return status !== undefined && status >= 500 ? 'server' : 'other';
}

function wordsOf(cause: unknown): { name: string; code: string; status: number | undefined } {
  if (!(cause instanceof Error)) return { name: '', code: '', status: undefined };
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const status = 'status' in cause && typeof cause.status === 'number' ? cause.status : undefined;
  return { name: cause.name, code, status };
}
