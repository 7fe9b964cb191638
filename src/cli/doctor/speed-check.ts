// How long a small object takes and how fast a chunk goes: figures, no judgement.
import { formatBytes } from '../text-table.ts';
import { type Check, isSame, text } from './finding.ts';
import { must } from './must.ts';

const SMALL = 10;

export const SPEED: Check = {
  name: 'speed',
  async run({ storage, scratch, clock, signal, chunkSizeBytes }) {
    const timed = async (step: () => Promise<unknown>) => {
      const begunAt = clock.monotonic();
      await step();
      return clock.monotonic() - begunAt;
    };
    const puts: number[] = [];
    const gets: number[] = [];
    for (let at = 0; at < SMALL; at += 1) {
      const key = `${scratch}small/${at}`;
      puts.push(await timed(() => must(storage.put(key, text('x'.repeat(1_024)), { signal }))));
      gets.push(await timed(() => must(storage.get(key, { signal }))));
    }
    const chunk = new Uint8Array(chunkSizeBytes).map((_, at) => (at * 31 + (at >> 8)) & 0xff);
    const key = `${scratch}chunk/x`;
    const put = await timed(() => must(storage.put(key, chunk, { signal })));
    let got: Uint8Array = new Uint8Array();
    const get = await timed(async () => {
      got = await must(storage.get(key, { signal }));
    });
    const figures =
      `1 KiB: PUT ${milliseconds(median(puts))}, GET ${milliseconds(median(gets))} (median of ${SMALL}); ` +
      `${formatBytes(chunkSizeBytes)}: PUT ${rate(chunkSizeBytes, put)}, GET ${rate(chunkSizeBytes, get)}`;
    if (isSame(got, chunk)) return [{ state: 'ok', found: figures }];
    const advice = 'what is stored is not what is read: look at proxies in between, or use another store';
    return [
      { state: 'failed', found: `other bytes came back of a chunk of ${formatBytes(chunk.length)}`, advice },
    ];
  },
};

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function rate(bytes: number, ms: number): string {
  return `${formatBytes(Math.round((bytes * 1_000) / Math.max(ms, 0.001)))}/s`;
}
