// Breadth first over every state that a protocol model can reach. What is found first is found with the fewest steps,
// so a counter-example is a short story.
import { key, type ProtocolModel, type State, typeOf } from './protocol-model.ts';

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** States in which nothing more may happen. */
  readonly ends: number;
  readonly violation?: { readonly what: string; readonly trace: readonly string[] };
}

interface Origin {
  readonly before: string | undefined;
  readonly what: string;
}

export function explore(model: ProtocolModel): Exploration {
  const first = model.start();
  const origins = new Map<string, Origin>([[key(first), { before: undefined, what: '' }]]);
  let frontier: State[] = [first];
  let transitions = 0;
  let ends = 0;
  const counts = () => ({ states: origins.size, transitions, ends });
  while (frontier.length > 0) {
    const next: State[] = [];
    for (const state of frontier) {
      const name = key(state);
      const outgoing = transitions;
      for (const step of model.steps(state)) {
        transitions += 1;
        const reached = key(step.state);
        if (origins.has(reached)) continue;
        origins.set(reached, { before: name, what: step.what });
        const what = wrongCut(model, step.state) ?? wrongCheckpoints(step.state);
        if (what !== undefined) return { ...counts(), violation: { what, trace: trace(origins, reached) } };
        next.push(step.state);
      }
      if (transitions > outgoing) continue;
      ends += 1;
      const what = wrongEnd(model, state);
      if (what !== undefined) return { ...counts(), violation: { what, trace: trace(origins, name) } };
    }
    frontier = next;
  }
  return counts();
}

/** Received before the checkpoint and sent behind it: a restored receiver would know what its sender never did. */
function wrongCut(model: ProtocolModel, state: State): string | undefined {
  for (const id of [1, 2]) {
    for (const [message, { from, to }] of model.scenario.messages.entries()) {
      const cutOfReceiver = state.partitions[to]?.log.indexOf(`created ${id}`) ?? -1;
      const cutOfSender = state.partitions[from]?.log.indexOf(`created ${id}`) ?? -1;
      const received = state.partitions[to]?.log.indexOf(`receive ${message}`) ?? -1;
      if (cutOfReceiver < 0 || cutOfSender < 0 || received < 0 || received > cutOfReceiver) continue;
      const sent = model.sentAt(state, message) ?? Number.POSITIVE_INFINITY;
      if (sent > cutOfSender)
        return `checkpoint ${id} holds the receipt of message ${message} and not that it was sent`;
    }
  }
  return undefined;
}

/** In each log the checkpoints grow, and none is created twice. The state is that of the last one, with its type. */
function wrongCheckpoints({ partitions }: State): string | undefined {
  for (const [index, { log, checkpoint }] of partitions.entries()) {
    let last = 0;
    for (const record of log) {
      if (!record.startsWith('created ')) continue;
      const id = Number(record.slice('created '.length));
      if (id <= last) return `partition ${index + 1} created checkpoint ${id} after ${last}`;
      last = id;
    }
    if (Number(checkpoint?.checkpointId ?? 0) !== last) {
      return `partition ${index + 1} created checkpoint ${last} and stands at ${checkpoint?.checkpointId ?? 'none'}`;
    }
    if (checkpoint !== undefined && checkpoint.type !== typeOf(last)) {
      return `partition ${index + 1} made checkpoint ${last}, a ${typeOf(last)}, as a ${checkpoint.type}`;
    }
  }
  return undefined;
}

/** Once all has arrived, every partition has created each checkpoint once; only of two at once may the first be passed. */
function wrongEnd(model: ProtocolModel, state: State): string | undefined {
  const settled = model.settle(state);
  const wrong = wrongCut(model, settled) ?? wrongCheckpoints(settled);
  if (wrong !== undefined) return wrong;
  const mayPass = model.scenario.triggers === 'at once';
  for (const [index, { log }] of settled.partitions.entries()) {
    for (const id of [1, 2]) {
      const times = log.filter((record) => record === `created ${id}`).length;
      const isPassed = times === 0 && mayPass && id === 1;
      if (times !== 1 && !isPassed) return `partition ${index + 1} created checkpoint ${id} ${times} times`;
    }
  }
  return undefined;
}

function trace(origins: ReadonlyMap<string, Origin>, end: string): string[] {
  const steps: string[] = [];
  for (let at = origins.get(end); at?.before !== undefined; at = origins.get(at.before))
    steps.unshift(at.what);
  return steps;
}
