import {
  CheckpointProcessor,
  type CheckpointState,
  type CheckpointStateStore,
  checkpointId,
  InvariantViolation,
  logPosition,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

/** A broker's state: an object that a transaction would guard. */
class State implements CheckpointStateStore {
  puts = 0;
  #state: CheckpointState | undefined;
  get() {
    return this.#state;
  }
  put(state: CheckpointState) {
    this.puts += 1;
    this.#state = state;
  }
}

const create = (id: number, position: number) => ({
  checkpointId: checkpointId(id),
  position: logPosition(position),
});

describe('CheckpointProcessor', () => {
  it('stamps nothing before the first checkpoint and the latest one after it', () => {
    const processor = new CheckpointProcessor({ state: new State() });
    expect(processor.stamp()).toBeUndefined();
    processor.process(create(3, 7));
    expect(processor.stamp()).toEqual({ checkpointId: 3n, type: 'backup' });
  });

  it('writes the state only when a checkpoint is created', () => {
    const state = new State();
    const processor = new CheckpointProcessor({ state });
    expect(processor.process(create(3, 7)).intent).toBe('CREATED');
    expect(processor.process(create(3, 8))).toEqual({ intent: 'IGNORED', ...create(3, 7) });
    expect(state.puts).toBe(1);
  });

  it('asks for a CREATE before an incoming command with a newer stamp, until that is processed', () => {
    const processor = new CheckpointProcessor({ state: new State() });
    expect(processor.screen(undefined)).toBeUndefined();
    expect(processor.screen({ checkpointId: checkpointId(4) })).toEqual({ checkpointId: 4n, type: 'backup' });
    expect(processor.screen({ checkpointId: checkpointId(4) })).toEqual({ checkpointId: 4n, type: 'backup' });
    processor.process(create(4, 9));
    expect(processor.screen({ checkpointId: checkpointId(4) })).toBeUndefined();
    expect(processor.screen({ checkpointId: checkpointId(5) })).toEqual({ checkpointId: 5n, type: 'backup' });
  });

  it('replays CREATED into the state and IGNORED into nothing', () => {
    const state = new State();
    const processor = new CheckpointProcessor({ state });
    processor.replay({ intent: 'CREATED', ...create(3, 7) });
    processor.replay({ intent: 'IGNORED', ...create(3, 7) });
    expect(state.get()).toEqual(create(3, 7));
    expect(state.puts).toBe(1);
  });

  it('takes nothing back when it replays from before the snapshot that holds its state', () => {
    const state = new State();
    state.put(create(5, 9));
    const processor = new CheckpointProcessor({ state });
    processor.replay({ intent: 'CREATED', ...create(3, 7) });
    expect(state.get()).toEqual(create(5, 9));
    expect(processor.stamp()).toEqual({ checkpointId: 5n, type: 'backup' });
  });

  it('refuses a checkpoint that goes back in the log: that is a bug of the broker', () => {
    const processor = new CheckpointProcessor({ state: new State() });
    processor.process(create(3, 7));
    expect(() => processor.process(create(4, 7))).toThrow(InvariantViolation);
  });

  it('processes the same CREATE again after a restore, where it is the last record of the log', () => {
    const state = new State();
    state.put(create(3, 7));
    expect(new CheckpointProcessor({ state }).process(create(3, 7))).toEqual({
      intent: 'IGNORED',
      ...create(3, 7),
    });
  });
});
