import { ManualClock } from 'tidemark/testkit';
import { expect, it } from 'vitest';
import { ProgressLine } from '../../src/cli/progress-line.ts';

function progress(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  const clock = new ManualClock();
  const line = new ProgressLine({ write: (text) => written.push(text), isTTY, columns }, clock);
  return { written, clock, line };
}

it('rewrites one line on a terminal, cut to its width, ten times a second at most', async () => {
  const { written, clock, line } = progress(true, 6);
  line.update('one of ten');
  line.update('two of ten');
  await clock.advance(100);
  line.update('three of ten');
  line.update('four of ten');
  line.end();
  expect(written).toEqual(['\r\u001b[2Kone o', '\r\u001b[2Kthree', '\r\u001b[2Kfour ', '\n']);
});

it('writes whole lines elsewhere, one in ten seconds, and always the last', async () => {
  const { written, clock, line } = progress(false);
  line.update('1');
  await clock.advance(9_999);
  line.update('2');
  await clock.advance(1);
  line.update('3');
  line.update('4');
  line.end();
  line.end();
  expect(written).toEqual(['1\n', '3\n', '4\n']);
});

it('writes nothing when there was nothing', () => {
  const { written, line } = progress(true);
  line.end();
  expect(written).toEqual([]);
});
