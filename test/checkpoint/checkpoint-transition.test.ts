import fc from 'fast-check';
import { checkpointId, logPosition, mustCreateFirst, onCreate, onEvent } from 'tidemark';
import { describe, expect, it } from 'vitest';

const at = (id: bigint | number, position: bigint | number) => ({
  checkpointId: checkpointId(id),
  position: logPosition(position),
});

describe('onCreate', () => {
  const cases = [
    {
      title: 'the first id is created',
      state: undefined,
      record: at(1, 10),
      intent: 'CREATED',
      gives: at(1, 10),
    },
    {
      title: 'a newer id is created',
      state: at(1, 10),
      record: at(2, 20),
      intent: 'CREATED',
      gives: at(2, 20),
    },
    { title: 'ids may skip', state: at(1, 10), record: at(900, 20), intent: 'CREATED', gives: at(900, 20) },
    {
      title: 'the same id is ignored',
      state: at(2, 20),
      record: at(2, 30),
      intent: 'IGNORED',
      gives: at(2, 20),
    },
    {
      title: 'an older id is ignored',
      state: at(5, 20),
      record: at(2, 30),
      intent: 'IGNORED',
      gives: at(5, 20),
    },
    {
      title: 'ids beyond doubles are told apart',
      state: at(9007199254740993n, 20),
      record: at(9007199254740992n, 30),
      intent: 'IGNORED',
      gives: at(9007199254740993n, 20),
    },
  ] as const;
  it.each(cases)('$title', ({ state, record, intent, gives }) => {
    const result = onCreate(state, record);
    expect(result.event).toEqual({ intent, ...gives });
    expect(result.state).toEqual(gives);
  });
});

describe('replay', () => {
  it('rebuilds from the events alone the state that processing made', () => {
    const records = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 30 });
    fc.assert(
      fc.property(records, (ids) => {
        let processed: ReturnType<typeof at> | undefined;
        let replayed: ReturnType<typeof at> | undefined;
        ids.forEach((id, index) => {
          const step = onCreate(processed, at(id, index + 1));
          processed = step.state;
          replayed = onEvent(replayed, step.event);
        });
        expect(replayed).toEqual(processed);
        if (ids.length > 0) expect(processed?.checkpointId).toBe(BigInt(Math.max(...ids)));
      }),
    );
  });
});

describe('mustCreateFirst', () => {
  it.each([
    { state: undefined, stamp: undefined, expected: false },
    { state: undefined, stamp: 1, expected: true },
    { state: at(1, 1), stamp: undefined, expected: false },
    { state: at(1, 1), stamp: 1, expected: false },
    { state: at(2, 1), stamp: 1, expected: false },
    { state: at(1, 1), stamp: 2, expected: true },
  ])('state $state.checkpointId, stamp $stamp: $expected', ({ state, stamp, expected }) => {
    expect(mustCreateFirst(state, stamp === undefined ? undefined : checkpointId(stamp))).toBe(expected);
  });
});
