// Traps of the AWS SDK and of servers that are no wrong answer to one call: clocks, connections, limits of time, pages
// as large as they come. Each was measured with the SDK as it is by default.
import { describe, expect, it } from 'vitest';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import type { S3ObjectStorage, S3ObjectStorageSettings } from '../../src/objects/s3/s3-object-storage.ts';
import type { Clock } from '../../src/ports/environment.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { answerFaults } from '../../src/testkit/misbehaving-s3/answer-faults.ts';
import { bodyFaults } from '../../src/testkit/misbehaving-s3/body-faults.ts';
import { connectionFaults } from '../../src/testkit/misbehaving-s3/connection-faults.ts';
import { type MisbehavingS3, startMisbehavingS3 } from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';
import type { S3Request } from '../../src/testkit/misbehaving-s3/s3-request.ts';
import { clientOf } from './client.ts';

const HOUR_MS = 3_600_000;
const body = new Uint8Array(1_000).fill(7);

async function withS3(
  use: (
    s3: MisbehavingS3,
    open: (settings?: Partial<S3ObjectStorageSettings>) => S3ObjectStorage,
  ) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  const s3 = await startMisbehavingS3({ clock });
  const opened: S3ObjectStorage[] = [];
  const open = (settings: Partial<S3ObjectStorageSettings> = {}) => {
    const storage = clientOf(s3, settings);
    opened.push(storage);
    return storage;
  };
  try {
    await use(s3, open);
  } finally {
    for (const storage of opened) await storage.close();
    await s3.close();
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(1);
}

describe('clocks', () => {
  const ahead: Clock = { ...systemClock, now: () => systemClock.now() + HOUR_MS };
  const signedAt = ({ headers }: S3Request) => {
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
    return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  };

  it.each(['get', 'head'] as const)(
    'signs by the time of a server an hour ahead, at the first %s',
    async (call) => {
      await withS3(async (s3, open) => {
        s3.bucket.put('key', body);
        const isOff = (request: S3Request) => Math.abs(signedAt(request) - ahead.now()) > HOUR_MS / 4;
        const refusals = s3.behave(isOff, answerFaults.timeTooSkewed());
        const storage = open();
        expect((await storage[call]('key')).isOk()).toBe(true);
        expect((await storage[call]('key')).isOk()).toBe(true);
        expect(refusals.met).toBe(1);
      }, ahead);
    },
  );

  it('asks no more than twice when the clock is not the reason', async () => {
    await withS3(async (s3, open) => {
      const refusals = s3.behave('*', answerFaults.error(403, 'AccessDenied'));
      const storage = open();
      expect((await storage.get('key'))._unsafeUnwrapErr().name).toBe('StoreAccessDenied');
      expect(refusals.met).toBeLessThanOrEqual(2);
    }, ahead);
  });
});

describe('connections', () => {
  it('sends large bodies over one connection, plainly, without asking for leave first', async () => {
    await withS3(async (s3, open) => {
      const storage = open();
      const large = new Uint8Array(3 * 1024 * 1024);
      for (let index = 0; index < 8; index += 1) (await storage.put(`key-${index}`, large))._unsafeUnwrap();
      expect(s3.connections.made).toBe(1);
      for (const { headers } of s3.requests) {
        expect(headers.expect).toBeUndefined();
        expect(headers['transfer-encoding']).toBeUndefined();
        expect(headers['content-length']).toBe(String(large.byteLength));
      }
    });
  });

  it('leaves nothing on the line when a put is called off, and nothing in the bucket', async () => {
    await withS3(async (s3, open) => {
      s3.behave('PutObject', connectionFaults.hangUnread());
      const caller = new AbortController();
      const putting = open().put('key', body, { signal: caller.signal });
      await until(() => s3.inFlight === 1);
      caller.abort();
      expect((await putting)._unsafeUnwrapErr().name).toBe('Aborted');
      await until(() => s3.inFlight === 0 && s3.connections.open === 0);
      expect(s3.bucket.keys()).toEqual([]);
    });
  });

  it('keeps no connection for bodies that it does not believe', async () => {
    await withS3(async (s3, open) => {
      s3.bucket.put('key', body);
      s3.behave('*', bodyFaults.gzip());
      const storage = open();
      for (let round = 0; round < 60; round += 1) expect((await storage.get('key')).isErr()).toBe(true);
      expect(s3.connections.made).toBe(1);
    });
  });

  it('does not let rest bytes of one answer into the next', async () => {
    await withS3(async (s3, open) => {
      s3.bucket.put('key', body);
      s3.behave('GetObject', bodyFaults.announceLess(10), 1);
      const storage = open();
      const retrying = new RetryingStorage({ storage, clock: systemClock, random: { fraction: () => 0.1 } });
      const range = { start: 0, length: 1_000 };
      expect((await retrying.get('key', { range }))._unsafeUnwrap()).toHaveLength(1_000);
      expect((await retrying.head('key'))._unsafeUnwrap().sizeBytes).toBe(1_000);
    });
  });
});

describe('limits of time', () => {
  it('ends a call under retries at its limit, while its attempt would wait on', async () => {
    await withS3(async (s3, open) => {
      s3.behave('*', connectionFaults.hang());
      const storage = open({ attemptTimeoutMs: 60_000, idleTimeoutMs: 60_000 });
      const retrying = new RetryingStorage(
        { storage, clock: systemClock, random: { fraction: () => 0.5 } },
        { apiCallTimeoutMs: 100 },
      );
      expect((await retrying.get('key'))._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
      await until(() => s3.inFlight === 0);
    });
  });

  it('gives up at once when the store asks for more time than there is', async () => {
    await withS3(async (s3, open) => {
      const rule = s3.behave('*', answerFaults.slowDown({ retryAfter: '3600' }));
      const retrying = new RetryingStorage({
        storage: open(),
        clock: systemClock,
        random: { fraction: () => 0 },
      });
      expect((await retrying.get('key'))._unsafeUnwrapErr()).toMatchObject({ retryAfterMs: HOUR_MS });
      expect(rule.met).toBe(1);
    });
  });
});

describe('sizes', () => {
  it('reads a page of 1,000 keys with an entity in each and every field', async () => {
    await withS3(async (s3, open) => {
      const keys = Array.from({ length: 1_000 }, (_, index) => `a&b/${String(index).padStart(4, '0')}<"'>`);
      for (const key of keys) s3.bucket.put(key, body.subarray(0, 1));
      const page = (await open().list('a&b/'))._unsafeUnwrap();
      expect(page.objects.map(({ key }) => key)).toEqual(keys);
      expect(page.truncated).toBe(false);
    });
  });
});
