// The server as long as nobody tells it to misbehave: it keeps the whole contract, through our own client.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { startMisbehavingS3 } from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';
import { objectStorageContract } from '../../src/testkit/object-storage-contract.ts';
import { clientOf } from './client.ts';

describeContract({ describe, it }, 'the server keeps the contract', objectStorageContract, async () => {
  const s3 = await startMisbehavingS3({ clock: systemClock });
  const storage = clientOf(s3);
  const unreachable = clientOf(s3, { endpoint: 'http://127.0.0.1:1' });
  return {
    context: { storage, unreachable, prefix: 'some/', createOnly: true },
    async close() {
      await Promise.all([storage.close(), unreachable.close()]);
      await s3.close();
    },
  };
});

describe('the server', () => {
  it('throws at its close what a behaviour threw, and not when a client goes away', async () => {
    const s3 = await startMisbehavingS3({ clock: systemClock });
    s3.behave('*', { name: 'throws', act: () => Promise.reject(new Error('a mistake')) });
    await expect(fetch(`${s3.endpoint}/bucket/key`)).rejects.toThrow();
    await expect(s3.close()).rejects.toThrow('a mistake');

    const other = await startMisbehavingS3({ clock: systemClock });
    const away = new AbortController();
    other.behave('*', { name: 'waits', act: (exchange) => exchange.untilOver() });
    const fetching = fetch(`${other.endpoint}/bucket/key`, { signal: away.signal });
    while (other.requests.length === 0) await systemClock.sleep(1);
    away.abort();
    await expect(fetching).rejects.toThrow();
    while (other.inFlight > 0) await systemClock.sleep(1);
    await other.close();
    await other.close();
  });

  it('treats as many requests as it is told, the first rule first', async () => {
    const s3 = await startMisbehavingS3({ clock: systemClock });
    const status = (code: number) => ({
      name: String(code),
      act: (exchange: Parameters<Parameters<typeof s3.behave>[1]['act']>[0]) =>
        exchange.send({ status: code, headers: {}, body: new Uint8Array() }),
    });
    const first = s3.behave('GetObject', status(500), 1);
    const second = s3.behave(({ key }) => key === 'key', status(503), 2);
    const seen: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      seen.push((await fetch(`${s3.endpoint}/bucket/key`)).status);
    }
    expect(seen).toEqual([500, 503, 503, 404]);
    expect([first.met, second.met]).toEqual([1, 2]);
    s3.behave('*', status(500));
    s3.behaveWell();
    expect((await fetch(`${s3.endpoint}/other/key`)).status).toBe(404);
    await s3.close();
  });
});
