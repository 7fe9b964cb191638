// Every order in which commands, CREATEs and changes of leaders can come, for a few partitions, a backup, a marker and a
// few commands: the checkpoint is a consistent cut in each. With a planted fault a story is found in which it is not.
import { afterAll, describe, expect, it } from 'vitest';
import { expectOnPage } from '../support/testing-page.ts';
import { type Exploration, explore } from './explore.ts';
import { type Fault, ProtocolModel, type Scenario } from './protocol-model.ts';

const ANSWERED: Scenario = {
  name: 'two partitions, a command and its answer',
  partitions: 2,
  messages: [
    { from: 0, to: 1 },
    { from: 1, to: 0, after: 0 },
  ],
  triggers: 'one by one',
  bounds: { sends: 2, arrivals: 2, creates: 1, leaderChanges: 1 },
};
const CROSSING: Scenario = {
  name: 'two partitions, two commands that cross',
  partitions: 2,
  messages: [
    { from: 0, to: 1 },
    { from: 1, to: 0 },
  ],
  triggers: 'at once',
  bounds: { sends: 1, arrivals: 1, creates: 1, leaderChanges: 0 },
};
const ROUND: Scenario = {
  name: 'three partitions, a command that goes round',
  partitions: 3,
  messages: [
    { from: 0, to: 1 },
    { from: 1, to: 2, after: 0 },
    { from: 2, to: 0, after: 1 },
  ],
  triggers: 'one by one',
  bounds: { sends: 1, arrivals: 1, creates: 1, leaderChanges: 1 },
};
const SCENARIOS = [ANSWERED, CROSSING, ROUND];

const FAULTS: readonly Fault[] = [
  'no checkpoint before what comes in',
  'the checkpoint behind what comes in',
  'no stamp on answers',
  'a stamp that says nothing of the type',
  'a new leader that replays nothing',
  'a CREATE that comes again makes a checkpoint again',
];

const explored = new Map<string, string>();
const caught = new Map<string, string>();
let story: readonly string[] = [];

describe('in every order of events the checkpoint is a consistent cut', () => {
  it.each(SCENARIOS)('$name', (scenario) => {
    const found = explore(new ProtocolModel(scenario));
    expect(found.violation).toBeUndefined();
    // Bounds that leave nothing to explore would prove nothing.
    expect(found.states).toBeGreaterThan(10_000);
    explored.set(scenario.name, rowOf(scenario, found));
  });
});

describe('a planted fault is found', () => {
  it.each(FAULTS)('%s', (fault) => {
    const { states, violation } = explore(new ProtocolModel(ANSWERED, fault));
    if (violation === undefined) throw new Error(`nothing was found in ${states} states`);
    expect(violation.trace.length).toBeGreaterThan(1);
    caught.set(fault, `| ${fault} | ${violation.what} | ${violation.trace.length} | ${states} |`);
    if (fault === 'no checkpoint before what comes in') story = [...violation.trace, violation.what];
  });
});

afterAll(() => {
  if (explored.size < SCENARIOS.length || caught.size < FAULTS.length) return;
  const table = [
    '| explored | triggers | each is sent, arrives at most | new leaders | states | transitions |',
    '| --- | --- | --- | --- | --- | --- |',
    ...SCENARIOS.map(({ name }) => explored.get(name)),
    '',
    '| planted fault | what is found | steps to it | states until then |',
    '| --- | --- | --- | --- |',
    ...FAULTS.map((fault) => caught.get(fault)),
    '',
    'The story that it tells of the first:',
    '',
    ...story.map((step, nth) => `${nth + 1}. ${step}`),
  ];
  expectOnPage('protocol-exploration', table.join('\n'));
});

function rowOf({ name, triggers, bounds }: Scenario, { states, transitions }: Exploration): string {
  const times = `${bounds.sends}, ${bounds.arrivals}`;
  return `| ${name} | ${triggers} | ${times} | ${bounds.leaderChanges} | ${states} | ${transitions} |`;
}
