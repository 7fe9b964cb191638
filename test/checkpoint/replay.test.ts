// What events do to a state when they are replayed one by one: also such as processing would not have made in this
// order, for a snapshot may be newer than they are.
import {
  type CheckpointEvent,
  CheckpointProcessor,
  type CheckpointState,
  checkpointId,
  logPosition,
  onEvent,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

const at = (id: number, position: number) => ({
  checkpointId: checkpointId(id),
  position: logPosition(position),
});
const event = (intent: CheckpointEvent['intent'], id: number, position: number): CheckpointEvent => ({
  intent,
  ...at(id, position),
});

describe('an event', () => {
  it.each([
    ['CREATED is taken by an empty state', undefined, event('CREATED', 5, 50), at(5, 50)],
    ['CREATED of a newer id is taken', at(5, 50), event('CREATED', 6, 60), at(6, 60)],
    ['CREATED of the same id changes nothing', at(5, 50), event('CREATED', 5, 40), at(5, 50)],
    ['CREATED of an older id takes nothing back', at(5, 50), event('CREATED', 4, 40), at(5, 50)],
    ['IGNORED changes nothing, whatever id it names', at(5, 50), event('IGNORED', 9, 90), at(5, 50)],
    ['IGNORED makes no state', undefined, event('IGNORED', 9, 90), undefined],
  ] as const)('%s', (_, state, given, expected) => {
    expect(onEvent(state, given)).toEqual(expected);
  });
});

it('a processor writes its state for CREATED events alone', () => {
  const puts: CheckpointState[] = [];
  let held: CheckpointState | undefined = at(5, 50);
  const state = {
    get: () => held,
    put(next: CheckpointState) {
      held = next;
      puts.push(next);
    },
  };
  const processor = new CheckpointProcessor({ state });
  processor.replay(event('IGNORED', 5, 50));
  expect(puts).toEqual([]);
  processor.replay(event('CREATED', 6, 60));
  expect(puts).toEqual([at(6, 60)]);
});
