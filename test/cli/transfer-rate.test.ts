import { ManualClock } from 'tidemark/testkit';
import { expect, it } from 'vitest';
import { TransferRate } from '../../src/cli/transfer-rate.ts';

const KIB = 1024;

it('says nothing in the first second, then the rate and what is left', async () => {
  const clock = new ManualClock();
  const rate = new TransferRate(clock);
  const at = (bytesDone: number) => rate.update({ bytesDone, bytesTotal: 1000 * KIB });
  expect(at(0)).toBe('');
  await clock.advance(999);
  expect(at(10 * KIB)).toBe('');
  await clock.advance(1);
  expect(at(10 * KIB)).toBe(' at 10.0 KiB/s, 2 min left');
  await clock.advance(1_000);
  expect(at(1000 * KIB)).toBe(' at 500.0 KiB/s');
});

it('forgets what is longer ago than ten seconds', async () => {
  const clock = new ManualClock();
  const rate = new TransferRate(clock);
  const at = (bytesDone: number) => rate.update({ bytesDone, bytesTotal: 10_000 * KIB });
  at(0);
  for (let second = 1; second <= 5; second += 1) {
    await clock.advance(1_000);
    at(second * 1000 * KIB);
  }
  let told = '';
  for (let second = 1; second <= 10; second += 1) {
    await clock.advance(1_000);
    told = at(5000 * KIB + second * KIB);
  }
  expect(told).toBe(' at 1.0 KiB/s, 1 h 24 min left');
});

it('keeps one far end when a long pause lies between two steps', async () => {
  const clock = new ManualClock();
  const rate = new TransferRate(clock);
  rate.update({ bytesDone: 0, bytesTotal: 60 * KIB });
  await clock.advance(60_000);
  expect(rate.update({ bytesDone: 30 * KIB, bytesTotal: 60 * KIB })).toBe(' at 512 B/s, 1 min left');
});
