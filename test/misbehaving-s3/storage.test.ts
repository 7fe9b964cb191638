// Every way to misbehave against every call of the S3 storage under retries: nothing hangs, nothing crashes, nothing
// leaks, and no ok is a lie. What becomes of each stands on the page, and is held against it.
import { afterAll, describe, expect, it } from 'vitest';
import { BackupError } from '../../src/core/errors.ts';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { answerFaults } from '../../src/testkit/misbehaving-s3/answer-faults.ts';
import { type MisbehavingS3, startMisbehavingS3 } from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';
import { expectOnPage } from '../support/testing-page.ts';
import { CALLS, type Call, seed } from './calls.ts';
import { clientOf } from './client.ts';
import { HurriedClock } from './hurried-clock.ts';
import { expectNothingUnhandled } from './nothing-unhandled.ts';
import { ROWS, type Row } from './rows.ts';

/** Far longer than any honest answer takes: only for what would hang for ever. */
const LONG_MS = 120_000;
/** The errors whose name is all that there is to know. */
const SAYS_ALL = ['ObjectNotFound', 'ObjectAlreadyExists'];
const NEXT_STEP = /[;,] (so )?(check|set|create|update|send|make|mend|let|do not|see whether|have) /;
const OFTEN = ['once', 'always'] as const;

interface Outcome {
  /** `ok`, `ok, tried again`, `not noticed`, or the name of the error. */
  readonly text: string;
  readonly error?: BackupError;
}

async function outcome(row: Row, call: Call, often: (typeof OFTEN)[number]): Promise<Outcome> {
  const s3 = await startMisbehavingS3({ clock: systemClock });
  seed(s3);
  let retries = 0;
  const storage = new RetryingStorage(
    {
      storage: clientOf(s3, {
        idleTimeoutMs: row.stalls ? 200 : LONG_MS,
        attemptTimeoutMs: row.stalls ? 300 : LONG_MS,
      }),
      clock: new HurriedClock(LONG_MS),
      random: { fraction: () => 0.5 },
      logger: { warn: () => (retries += 1) },
    },
    // Skipped pauses are counted, so this bounds attempts: nothing here takes so long.
    { apiCallTimeoutMs: LONG_MS },
  );
  try {
    const prepared = await call.prepare?.(storage, s3);
    if (call.operation === 'DeleteObject')
      s3.behave('DeleteObjects', answerFaults.error(501, 'NotImplemented'));
    s3.behave(call.operation, row.behaviour, often === 'once' ? 1 : undefined);
    const result = await call.run(storage, prepared);
    await settled(s3);
    if (result.isErr()) return { text: result.error.name, error: result.error };
    if (!call.isTrue(result.value, s3)) return { text: 'not noticed' };
    if (row.isRace) return { text: 'ok, perhaps tried again' };
    return { text: retries > 0 ? 'ok, tried again' : 'ok' };
  } finally {
    await storage.close();
    await untilNone(() => s3.connections.open);
    await s3.close();
  }
}

/** What has been answered, or given up, is over at the server too: nothing is left on the line. */
const settled = (s3: MisbehavingS3) => untilNone(() => s3.inFlight);

async function untilNone(count: () => number): Promise<void> {
  while (count() > 0) await systemClock.sleep(1);
}

const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;

expectNothingUnhandled();

const lines = new Map<Row, string>();

describe('the S3 storage under retries', () => {
  it.each(ROWS.map((row) => [row.behaviour.name, row] as const))('%s', async (_, row) => {
    const before = sockets();
    const calls = CALLS.filter(({ name }) => row.calls?.includes(name) ?? true);
    const cells: string[] = [];
    for (const often of OFTEN) {
      const outcomes = await Promise.all(
        calls.map(async (call) => [call.name, await outcome(row, call, often)] as const),
      );
      for (const [name, { text, error }] of outcomes) {
        if (text === 'not noticed') expect(row.unnoticed, name).toContain(name);
        if (error === undefined) continue;
        expect(error).toBeInstanceOf(BackupError);
        expect(error.message).toMatch(/^[^\n]{10,700}$/);
        if (!SAYS_ALL.includes(error.name)) expect(error.message).toMatch(NEXT_STEP);
        if (process.env.SHOW) console.log(`${row.behaviour.name} | ${name} | ${often} | ${error.message}`);
      }
      cells.push(grouped(outcomes.map(([name, { text }]) => [name, text])));
    }
    await untilNone(() => sockets() - before);
    const [once, always] = cells;
    const which = row.calls === undefined ? 'all' : row.calls.join(', ');
    lines.set(
      row,
      `| ${row.behaviour.name} | ${which} | ${once} | ${once === always ? 'the same' : always} |`,
    );
  });

  afterAll(() => {
    if (lines.size < ROWS.length) return;
    const head = '| the server | calls | once | always |\n| --- | --- | --- | --- |';
    expectOnPage('misbehaving-s3', [head, ...ROWS.map((row) => lines.get(row))].join('\n'));
  });
});

/** `StoreFailure; ok: get, head`: what most calls come to, and then the others. */
function grouped(outcomes: readonly (readonly [call: string, text: string])[]): string {
  const byText = Map.groupBy(outcomes, ([, text]) => text);
  const [most, ...others] = [...byText].sort(([, a], [, b]) => b.length - a.length);
  const rest = others.map(([text, calls]) => `${calls.map(([call]) => call).join(', ')}: ${text}`);
  return [most?.[0], ...rest].join('; ');
}
