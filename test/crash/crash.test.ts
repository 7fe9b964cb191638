// Whatever the library does with a store is stopped at each of its requests, in each of the ways a request can go wrong.
// A successor goes on, and everything that is promised must hold.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectOnPage } from '../support/testing-page.ts';
import { type Fault, faultAt, type Mode } from './crash-process.ts';
import { crash, modesOf, prepared, requestsOf, SUCCESSORS, type Successor } from './crash-run.ts';
import { type CrashWorld, LAYOUTS, type LayoutName } from './crash-world.ts';
import { type CrashScenario, SCENARIOS } from './scenarios.ts';

/** Of the runs with two stops every so manyth is made. */
const SAMPLED = 3;

const STOPS: readonly Mode[] = ['stopped before', 'stopped after'];
const TWICE = SCENARIOS.filter(({ isStoppedTwice }) => isStoppedTwice);

const requests = new Map<string, Map<LayoutName, number>>();
const runs = new Map<string, number>();
const runsTwice = new Map<string, number>();

const { stackTraceLimit } = Error;
beforeAll(() => {
  // Many thousands of expected errors: finding out where each was made takes longer than all the rest.
  Error.stackTraceLimit = 0;
});

afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
  const isWhole = SCENARIOS.every(
    ({ name, layouts = LAYOUTS }) => requests.get(name)?.size === layouts.length,
  );
  if (isWhole) expectOnPage('crash-points', table());
});

describe.each(SCENARIOS)('$name, with a fault at each request', (scenario) => {
  it.each(scenario.layouts ?? LAYOUTS)('%s', { timeout: 120_000 }, async (layout) => {
    const before = await prepared(scenario, layout);
    const calls = await requestsOf(scenario, before);
    const ofLayout = requests.get(scenario.name) ?? new Map<LayoutName, number>();
    requests.set(scenario.name, ofLayout.set(layout, calls.length));
    for (const call of calls) {
      for (const mode of modesOf(call)) {
        for (const successor of SUCCESSORS) {
          await told(scenario, before, faultAt(call.index, mode), successor);
          count(runs, scenario);
        }
      }
    }
    expect(calls.length).toBeGreaterThan(0);
  });
});

describe.each(TWICE)('$name, stopped, and its successor stopped as well', (scenario) => {
  it.each(scenario.layouts ?? LAYOUTS)('%s', { timeout: 120_000 }, async (layout) => {
    const before = await prepared(scenario, layout);
    const calls = await requestsOf(scenario, before);
    let turn = 0;
    for (const call of calls) {
      for (const mode of modesOf(call).filter((each) => STOPS.includes(each))) {
        for (let index = 0, isMet = true; isMet; index += 1) {
          turn += 1;
          if (turn % SAMPLED > 0) continue;
          const successor = SUCCESSORS[(turn / SAMPLED) % 2 === 0 ? 0 : 1];
          const second = faultAt(index, STOPS[turn % 2] ?? 'stopped before');
          isMet = await told(scenario, before, faultAt(call.index, mode), successor, second);
          count(runsTwice, scenario);
        }
      }
    }
    expect(runsTwice.get(scenario.name)).toBeGreaterThan(0);
  });
});

/** Names the run in the error. Whether the second fault was met. */
async function told(
  scenario: CrashScenario,
  before: CrashWorld,
  first: Fault & { readonly what: string },
  successor: Successor,
  second?: Fault & { readonly what: string },
): Promise<boolean> {
  try {
    return (await crash(scenario, before, first, successor, second)).isSecondMet;
  } catch (cause) {
    const then = second === undefined ? '' : `, then ${second.what}`;
    const who = successor.waits ? 'the same node later' : 'another node at once';
    throw new Error(`${first.what}${then}, ${who}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function count(counts: Map<string, number>, { name }: CrashScenario): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function table(): string {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, one) => total + one, 0);
  const rows = SCENARIOS.map(({ name }) => {
    const ofLayouts = LAYOUTS.map((layout) => requests.get(name)?.get(layout) ?? '').join(' | ');
    return `| ${name} | ${ofLayouts} | ${runs.get(name)} | ${runsTwice.get(name) ?? ''} |`;
  });
  return [
    `| stopped at each request of | ${LAYOUTS.join(' | ')} | runs | runs with two stops |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    `| all | | | | ${sum(runs)} | ${sum(runsTwice)} |`,
  ].join('\n');
}
