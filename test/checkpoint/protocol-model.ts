// The checkpoint protocol between partitions as a finite machine over the real transition code: a state says what may
// happen next, and each step gives the next state. What the broker around it does (append, process, replay) is here;
// what a checkpoint is, is asked of src/checkpoint alone. States are never changed, so that all orders can be tried.
import { CheckpointProcessor, type CheckpointStamp } from '../../src/checkpoint/checkpoint-processor.ts';
import type { CheckpointEvent } from '../../src/checkpoint/checkpoint-transition.ts';
import type { CheckpointType } from '../../src/core/checkpoint.ts';
import { type CheckpointId, checkpointId, logPosition } from '../../src/core/ids.ts';
import type { CheckpointState } from '../../src/ports/partition.ts';

/** A command from one partition to another. Without `after` a client causes it, else the receipt of another. */
export interface Message {
  readonly from: number;
  readonly to: number;
  readonly after?: number;
}

export interface Scenario {
  readonly name: string;
  readonly partitions: number;
  readonly messages: readonly Message[];
  /** `one by one`: the second is triggered when every partition has the first. */
  readonly triggers: 'one by one' | 'at once';
  /** How often each message may be sent, arrive and each CREATE be asked for, and leaders may change, at most. */
  readonly bounds: Bounds;
}

export interface Bounds {
  readonly sends: number;
  readonly arrivals: number;
  readonly creates: number;
  readonly leaderChanges: number;
}

/** What a broker may do wrong; the exploration has to notice each. */
export type Fault =
  | 'no checkpoint before what comes in'
  | 'the checkpoint behind what comes in'
  | 'no stamp on answers'
  | 'a stamp that says nothing of the type'
  | 'a new leader that replays nothing'
  | 'a CREATE that comes again makes a checkpoint again';

/** A record of a log: a CREATE asked for, the checkpoint it became, one that was ignored, a command. */
export type LogRecord =
  | `create ${number} ${CheckpointType}`
  | `created ${number}`
  | `ignored ${number}`
  | Command;
type Command = `client ${number}` | `receive ${number}`;

interface Partition {
  /** The position of a record is its index plus one. */
  readonly log: readonly LogRecord[];
  /** How many records of the log are processed. Only these are committed. */
  readonly processed: number;
  readonly checkpoint: CheckpointState | undefined;
}

export interface State {
  readonly partitions: readonly Partition[];
  /** What the network holds: it may deliver each at any time, again, or never. `<message> <stamp> <type>`. */
  readonly packets: readonly string[];
  readonly sends: readonly number[];
  readonly arrivals: readonly number[];
  /** By checkpoint and partition. */
  readonly creates: readonly (readonly number[])[];
  readonly leaderChanges: number;
}

export interface Step {
  readonly what: string;
  readonly state: State;
}

const CHECKPOINTS = [1, 2] as const;

/** The first is a backup, the second a marker. */
export function typeOf(id: number): CheckpointType {
  return id === 1 ? 'backup' : 'marker';
}

export class ProtocolModel {
  readonly scenario: Scenario;
  readonly #fault: Fault | undefined;

  constructor(scenario: Scenario, fault?: Fault) {
    this.scenario = scenario;
    this.#fault = fault;
  }

  start(): State {
    const { partitions, messages } = this.scenario;
    return {
      partitions: Array.from({ length: partitions }, () => ({
        log: [],
        processed: 0,
        checkpoint: undefined,
      })),
      packets: [],
      sends: messages.map(() => 0),
      arrivals: messages.map(() => 0),
      creates: CHECKPOINTS.map(() => Array.from({ length: partitions }, () => 0)),
      leaderChanges: 0,
    };
  }

  /** All that may happen next. */
  *steps(state: State): Generator<Step> {
    for (let partition = 0; partition < this.scenario.partitions; partition += 1) {
      yield* this.#process(state, partition);
      yield* this.#create(state, partition);
      yield* this.#changeLeader(state, partition);
    }
    yield* this.#clients(state);
    yield* this.#resend(state);
    yield* this.#arrive(state);
  }

  /** Lets everything that is under way come to its end, with no bound and nothing lost any more. */
  settle(from: State): State {
    let state = from;
    for (let round = 0; round < 50; round += 1) {
      const before = key(state);
      state = this.#processAll(state);
      for (const id of CHECKPOINTS) {
        for (const [partition, { checkpoint }] of state.partitions.entries()) {
          const isThere = checkpoint !== undefined && checkpoint.checkpointId >= id;
          if (!isThere) state = append(state, partition, [`create ${id} ${typeOf(id)}`]);
        }
        state = this.#processAll(state);
      }
      for (const [message, { from: sender, to }] of this.scenario.messages.entries()) {
        const isSent = this.sentAt(state, message) !== undefined;
        if (!isSent || state.partitions[to]?.log.includes(`receive ${message}`)) continue;
        state = this.#processAll(this.#enter(state, message, this.#stamp(state, sender, message)));
      }
      if (key(state) === before) return state;
    }
    throw new Error('the protocol does not come to its end');
  }

  /** The index of the record that sent the message first, once it is processed. */
  sentAt({ partitions }: State, message: number): number | undefined {
    const { from, after } = this.#message(message);
    const { log, processed } = partition(partitions, from);
    const at = log.indexOf(after === undefined ? `client ${message}` : `receive ${after}`);
    return at < 0 || at >= processed ? undefined : at;
  }

  #message(message: number): Message {
    const found = this.scenario.messages[message];
    if (found === undefined) throw new Error(`no message ${message}`);
    return found;
  }

  *#process(state: State, index: number): Generator<Step> {
    const { log, processed } = partition(state.partitions, index);
    const record = log[processed];
    if (record !== undefined) {
      yield { what: `partition ${index + 1} processes '${record}'`, state: this.#processNext(state, index) };
    }
  }

  *#create(state: State, index: number): Generator<Step> {
    const { bounds, triggers } = this.scenario;
    for (const [nth, id] of CHECKPOINTS.entries()) {
      if ((state.creates[nth]?.[index] ?? 0) >= bounds.creates) continue;
      const mustWait = triggers === 'one by one' && id > 1;
      if (mustWait && !state.partitions.every(({ log }) => log.includes(`created ${id - 1}`))) continue;
      const asked = append(state, index, [`create ${id} ${typeOf(id)}`]);
      const creates = replaced(state.creates, nth, (counts) => replaced(counts, index, (count) => count + 1));
      yield { what: `CREATE ${id} is appended to partition ${index + 1}`, state: { ...asked, creates } };
    }
  }

  /** Commands of clients. */
  *#clients(state: State): Generator<Step> {
    for (const [message, { from, after }] of this.scenario.messages.entries()) {
      if (after !== undefined || partition(state.partitions, from).log.includes(`client ${message}`))
        continue;
      const what = `a client's command for message ${message} is appended to partition ${from + 1}`;
      yield { what, state: append(state, from, [`client ${message}`]) };
    }
  }

  *#resend(state: State): Generator<Step> {
    for (const [message, { from }] of this.scenario.messages.entries()) {
      if (this.sentAt(state, message) === undefined) continue;
      const next = this.#send(state, message);
      if (next !== state) yield { what: `partition ${from + 1} sends message ${message} again`, state: next };
    }
  }

  *#arrive(state: State): Generator<Step> {
    for (const packet of state.packets) {
      const [number, ...stamp] = packet.split(' ');
      const message = Number(number);
      if ((state.arrivals[message] ?? 0) >= this.scenario.bounds.arrivals) continue;
      const entered = this.#enter(state, message, stamp.join(' '));
      const arrivals = replaced(state.arrivals, message, (count) => count + 1);
      const { to } = this.#message(message);
      const what = `message ${message} with stamp ${stamp.join(' ')} comes to partition ${to + 1}`;
      yield { what, state: { ...entered, arrivals } };
    }
  }

  /** A new leader has what was committed, and of the rest any beginning. It replays what was processed. */
  *#changeLeader(state: State, index: number): Generator<Step> {
    if (state.leaderChanges >= this.scenario.bounds.leaderChanges) return;
    const old = partition(state.partitions, index);
    for (let kept = old.log.length; kept >= old.processed; kept -= 1) {
      const log = old.log.slice(0, kept);
      const checkpoint = this.#replay(log.slice(0, old.processed));
      const partitions = replaced(state.partitions, index, (all) => ({ ...all, log, checkpoint }));
      const lost = old.log.length - kept;
      const what = `partition ${index + 1} has a new leader${lost === 0 ? '' : `, and lost ${lost} records`}`;
      yield { what, state: { ...state, partitions, leaderChanges: state.leaderChanges + 1 } };
    }
  }

  #replay(log: readonly LogRecord[]): CheckpointState | undefined {
    if (this.#fault === 'a new leader that replays nothing') return undefined;
    const cell = stateCell(undefined);
    const processor = new CheckpointProcessor({ state: cell });
    for (const [index, record] of log.entries()) {
      const [intent, id] = record.split(' ');
      if (intent !== 'created' && intent !== 'ignored') continue;
      const created = { ...at(Number(id), index), type: typeOf(Number(id)) };
      const standing = intent === 'created' ? created : cell.get();
      const isCreated = intent === 'created';
      if (standing !== undefined)
        processor.replay({ intent: isCreated ? 'CREATED' : 'IGNORED', ...standing });
    }
    return cell.get();
  }

  /** What came in goes into the log, behind the checkpoint that it asks for. */
  #enter(state: State, message: number, stamp: string): State {
    const { to } = this.#message(message);
    const processor = new CheckpointProcessor({
      state: stateCell(partition(state.partitions, to).checkpoint),
    });
    const create = processor.screen(this.#parseStamp(stamp));
    const command: LogRecord = `receive ${message}`;
    if (create === undefined || this.#fault === 'no checkpoint before what comes in')
      return append(state, to, [command]);
    const first: LogRecord = `create ${Number(create.checkpointId)} ${create.type}`;
    const isLate = this.#fault === 'the checkpoint behind what comes in';
    return append(state, to, isLate ? [command, first] : [first, command]);
  }

  #processAll(from: State): State {
    let state = from;
    for (let index = 0; index < this.scenario.partitions; index += 1) {
      for (;;) {
        const { log, processed } = partition(state.partitions, index);
        if (processed === log.length) break;
        state = this.#processNext(state, index);
      }
    }
    return state;
  }

  #processNext(state: State, index: number): State {
    const old = partition(state.partitions, index);
    const record = old.log[old.processed];
    const [verb, number, type] = (record ?? '').split(' ');
    const processed = old.processed + 1;
    if (verb === 'create') {
      const { event, checkpoint } = this.#createCheckpoint(old, Number(number), type);
      const outcome: LogRecord =
        event === 'CREATED' ? `created ${Number(number)}` : `ignored ${Number(number)}`;
      const log = replaced(old.log, old.processed, () => outcome);
      const partitions = replaced(state.partitions, index, () => ({ log, processed, checkpoint }));
      return { ...state, partitions };
    }
    const partitions = replaced(state.partitions, index, (all) => ({ ...all, processed }));
    let next: State = { ...state, partitions };
    for (const [message, { after }] of this.scenario.messages.entries()) {
      const isCause = verb === 'client' ? message === Number(number) : after === Number(number);
      if (isCause && this.sentAt(next, message) !== undefined) next = this.#send(next, message);
    }
    return next;
  }

  #createCheckpoint({ checkpoint, processed }: Partition, id: number, type = 'backup') {
    const isRepeated = this.#fault === 'a CREATE that comes again makes a checkpoint again';
    const cell = stateCell(isRepeated && checkpoint?.checkpointId === BigInt(id) ? undefined : checkpoint);
    const event: CheckpointEvent = new CheckpointProcessor({ state: cell }).process({
      ...at(id, processed),
      type: type === 'marker' ? 'marker' : 'backup',
    });
    return { event: event.intent, checkpoint: cell.get() };
  }

  /** Puts the message into the network with the stamp of now. The same state when that brings nothing new. */
  #send(state: State, message: number): State {
    if ((state.sends[message] ?? 0) >= this.scenario.bounds.sends) return state;
    const packet = `${message} ${this.#stamp(state, this.#message(message).from, message)}`;
    if (state.packets.includes(packet)) return state;
    const sends = replaced(state.sends, message, (count) => count + 1);
    return { ...state, packets: [...state.packets, packet].sort(), sends };
  }

  #stamp({ partitions }: State, from: number, message: number): string {
    if (this.#fault === 'no stamp on answers' && this.#message(message).after !== undefined) return 'none';
    const { checkpoint } = partition(partitions, from);
    const stamp = new CheckpointProcessor({ state: stateCell(checkpoint) }).stamp();
    return stamp === undefined ? 'none' : `${stamp.checkpointId} ${stamp.type}`;
  }

  #parseStamp(stamp: string): CheckpointStamp | undefined {
    const [id, type] = stamp.split(' ');
    if (id === 'none') return undefined;
    const isOld = this.#fault === 'a stamp that says nothing of the type';
    const read = { checkpointId: checkpointId(Number(id)) };
    return isOld ? read : { ...read, type: type === 'marker' ? 'marker' : 'backup' };
  }
}

/**
 * Tells two states apart that may go on in other ways, and no others: of what is processed it counts on which side of
 * which checkpoint it lies; that it came twice, or was ignored, does not.
 */
export function key({ partitions, packets, sends, arrivals, creates, leaderChanges }: State): string {
  const logs = partitions.map(partitionKey).join('|');
  return `${logs}#${packets.join()}#${sends.join()}#${arrivals.join()}#${creates.join()}#${leaderChanges}`;
}

const partitionKeys = new WeakMap<Partition, string>();

function partitionKey(partition: Partition): string {
  const known = partitionKeys.get(partition);
  if (known !== undefined) return known;
  const { log, processed, checkpoint } = partition;
  const seen = new Set<LogRecord>();
  const sides: LogRecord[][] = [[]];
  for (const record of log.slice(0, processed)) {
    if (seen.has(record) || record.startsWith('ignored')) continue;
    if (record.startsWith('created')) sides.push([record]);
    else {
      seen.add(record);
      sides.at(-1)?.push(record);
    }
  }
  const past = sides.map((records) => records.sort().join()).join(';');
  const made = `${past}/${log.slice(processed).join()}/${checkpoint?.checkpointId ?? 0}${checkpoint?.type ?? ''}`;
  partitionKeys.set(partition, made);
  return made;
}

/** One checkpoint state, as a broker's transaction would guard it. */
function stateCell(from: CheckpointState | undefined) {
  let state = from;
  return {
    get: () => state,
    put(next: CheckpointState) {
      state = next;
    },
  };
}

function at(
  id: number,
  index: number,
): { checkpointId: CheckpointId; position: ReturnType<typeof logPosition> } {
  return { checkpointId: checkpointId(id), position: logPosition(index + 1) };
}

function append(state: State, index: number, records: readonly LogRecord[]): State {
  const partitions = replaced(state.partitions, index, (all) => ({ ...all, log: [...all.log, ...records] }));
  return { ...state, partitions };
}

function partition(partitions: readonly Partition[], index: number): Partition {
  const found = partitions[index];
  if (found === undefined) throw new Error(`no partition ${index}`);
  return found;
}

function replaced<T>(all: readonly T[], index: number, change: (one: T) => T): readonly T[] {
  return all.map((one, nth) => (nth === index ? change(one) : one));
}
