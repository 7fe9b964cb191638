// One run of a scenario: a process with a fault, what is found after it, a successor that goes on, and what must hold
// then. The promises are numbered as on the page on testing.
import { expect } from 'vitest';
import { BackupAlreadyExists, type BackupError } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { SWEEP_COUNTS_MS, SWEEP_GRACE_MS } from '../../src/core/limits.ts';
import { type BackupStatus, type BackupStatusCode, bestStatus } from '../../src/core/status.ts';
import type { Call } from '../stores/scripted-storage.ts';
import { type Fault, MODES, type Mode } from './crash-process.ts';
import {
  type BrokerProcess,
  CrashWorld,
  type LayoutName,
  type Node,
  positionOf,
  STALE_MS,
} from './crash-world.ts';
import { type CrashScenario, SUBJECT } from './scenarios.ts';

/** Who goes on: the same node once the dead one counts as dead, or another node at once. */
export const SUCCESSORS = [
  { nodeId: 0, waits: true },
  { nodeId: 1, waits: false },
] as const;
export type Successor = (typeof SUCCESSORS)[number];

const FIRST: Node = { nodeId: 0, term: 2n };
const NEXT = checkpointId(4);

/** The requests of a run without a fault. */
export async function requestsOf(scenario: CrashScenario, before: CrashWorld): Promise<readonly Call[]> {
  const world = await before.clone();
  const broker = world.start(FIRST);
  const end = await world.run(broker, scenario.act(broker, world));
  if (end === 'stopped' || end.isErr()) throw new Error(`${scenario.name} does not even work`);
  return broker.process.calls;
}

/** The ways in which a request can go wrong that differ: what only reads is as good as not asked when no answer comes. */
export function modesOf({ operation }: Call): readonly Mode[] {
  const isWrite = operation === 'put' || operation === 'delete';
  return isWrite ? MODES : ['stopped before', 'failed', 'failing from then on'];
}

/** Runs it with a fault and checks everything. With a `second` one the successor stops too, and another one follows. */
export async function crash(
  scenario: CrashScenario,
  before: CrashWorld,
  first: Fault,
  successor: Successor,
  second?: Fault,
): Promise<CrashEnd> {
  const world = await before.clone();
  const initial = await stateOf(world);
  const stored = await world.fingerprint();
  const broker = world.start(FIRST, first);
  let seen = await actWith(world, scenario, broker, { act: scenario.act, mode: first.mode, initial });
  if (scenario.isReadOnly) expect(await world.fingerprint()).toBe(stored);
  if (successor.waits) await world.clock.advance(STALE_MS + 1);
  const { nodeId } = successor;
  const resume = scenario.resume ?? scenario.act;
  let isSecondMet = false;
  if (second !== undefined) {
    const next = world.start({ nodeId, term: 3n }, second);
    const then = await actWith(world, scenario, next, { act: resume, mode: second.mode, initial: seen });
    // What it had no time for is still as it was.
    if (then.code !== seen.code) expectNoSecondLife(scenario, seen, then);
    seen = then;
    isSecondMet = next.process.isStopped;
  }
  const last = world.start({ nodeId, term: 4n });
  const end = await world.run(last, resume(last, world));
  if (end === 'stopped') throw new Error('nothing was to stop it');
  if (end.isErr()) expectUsedUp(scenario, end.error, successor);
  await world.clock.advance(STALE_MS + 1);
  const state = await stateOf(world);
  expectNoSecondLife(scenario, seen, state);
  if (scenario.promises !== undefined && end.isOk()) expect(state.code).toBe(scenario.promises);
  await scenario.check?.(world);
  await expectSound(world, scenario);
  await expectNextBackup(world, last);
  await expectCleared(world, last);
  return { isSecondMet };
}

export interface CrashEnd {
  /** The successor came as far as to its own fault. */
  readonly isSecondMet: boolean;
}

/** What is there before the process that is stopped. */
export async function prepared(scenario: CrashScenario, layout: LayoutName): Promise<CrashWorld> {
  const world = new CrashWorld(layout);
  const broker = world.start({ nodeId: 0, term: 1n });
  for (const id of scenario.before) {
    (await broker.store.save(world.backup(checkpointId(id), broker)))._unsafeUnwrap();
    await world.clock.advance(1_000);
  }
  await scenario.prepare?.(world);
  return world;
}

interface Seen {
  readonly code: BackupStatusCode;
  /** Which attempt made it, where it is COMPLETED. */
  readonly snapshotId?: string | null | undefined;
}

/** Runs a process that has a fault, and looks what a reader finds then. */
async function actWith(
  world: CrashWorld,
  { promises }: CrashScenario,
  broker: BrokerProcess,
  { act, mode, initial }: { readonly act: CrashScenario['act']; readonly mode: Mode; readonly initial: Seen },
): Promise<Seen> {
  const end = await world.run(broker, act(broker, world));
  if (!broker.process.isStopped) {
    await world.run(broker, broker.manager.close());
    await world.run(broker, broker.store.close());
  }
  const seen = await stateOf(world);
  if (end === 'stopped' || promises === undefined) return seen;
  // I8: what was told holds. Told to have failed, and there all the same, it may be only where no more could be asked.
  if (end.isOk()) expect(seen.code, 'it was told to be done').toBe(promises);
  const isLasting = mode.endsWith('failing from then on');
  if (end.isErr() && promises === 'COMPLETED' && initial.code !== promises && !isLasting) {
    expect(seen.code, `it was told to have failed: ${end.error.message}`).not.toBe('COMPLETED');
  }
  return seen;
}

/** The best copy of the subject, which is whole when it says so (I1). */
async function stateOf(world: CrashWorld): Promise<Seen> {
  const view = world.view();
  const page = (await view.list({ checkpointId: SUBJECT, details: true }))._unsafeUnwrap();
  const best = bestStatus<BackupStatus>(page.backups);
  if (best === undefined) return { code: 'DOES_NOT_EXIST' };
  if (best.statusCode !== 'COMPLETED') return { code: best.statusCode };
  await world.assertWhole(view, best.id);
  await world.assertRestorable(view, SUBJECT);
  return { code: best.statusCode, snapshotId: best.descriptor?.snapshotId };
}

/** I4: what has failed, or is COMPLETED, stays so, and what is deleted stays away. */
function expectNoSecondLife({ promises, makesRoom }: CrashScenario, before: Seen, after: Seen): void {
  if (promises === 'DOES_NOT_EXIST') {
    if (before.code === 'DOES_NOT_EXIST') expect(after.code).toBe('DOES_NOT_EXIST');
    return;
  }
  if (before.code === 'COMPLETED') expect(after).toEqual(before);
  if (before.code === 'FAILED' && makesRoom !== true) expect(after.code).toBe('FAILED');
  // Its writer is dead or has given up.
  if (before.code === 'IN_PROGRESS' && makesRoom !== true) expect(after.code).toBe('FAILED');
}

/** The one thing that may keep a repetition from its end: the id is used up by what has failed. */
function expectUsedUp(
  { promises, makesRoom }: CrashScenario,
  error: BackupError,
  { waits }: Successor,
): void {
  if (promises !== 'COMPLETED' || makesRoom || !(error instanceof BackupAlreadyExists)) throw error;
  // A writer that has sealed its attempt may be publishing at this moment: for a while nobody can tell that it is dead.
  expect(waits ? ['FAILED'] : ['FAILED', 'IN_PROGRESS']).toContain(error.statusCode);
}

/** I1 to I3: nothing is in progress, what is COMPLETED is whole, what stood beside it is there. */
async function expectSound(world: CrashWorld, { before, promises }: CrashScenario): Promise<void> {
  expect(world.pinned, 'pinned files').toBe(0);
  const view = world.view();
  const rows = (await view.list({ details: true }))._unsafeUnwrap().backups;
  for (const { id, statusCode, failureReason } of rows) {
    expect(['COMPLETED', 'FAILED']).toContain(statusCode);
    if (statusCode === 'COMPLETED') await world.assertWhole(view, id);
    else expect(failureReason).toMatch(/./);
  }
  const whole = rows.filter(({ statusCode }) => statusCode === 'COMPLETED').map(({ id }) => id.checkpointId);
  const others = before.filter((id) => promises === undefined || BigInt(id) !== SUBJECT);
  expect(whole).toEqual(expect.arrayContaining(others.map(checkpointId)));
}

/** I6: the next backup succeeds. */
async function expectNextBackup(world: CrashWorld, broker: BrokerProcess): Promise<void> {
  const taken = await world.run(
    broker,
    broker.manager.take({ checkpointId: NEXT, position: positionOf(NEXT) }),
  );
  if (taken === 'stopped') throw new Error('nothing was to stop it');
  expect(taken._unsafeUnwrap()).toBe('completed');
  await world.assertWhole(world.view(), { checkpointId: NEXT, partitionId: 1, nodeId: broker.nodeId });
  expect((await world.view().unsettled(1))._unsafeUnwrap()).toEqual([]);
}

/** I5: all can be deleted, twice, and leaves nothing but what a sweep frees, when it is old enough. */
async function expectCleared(world: CrashWorld, { manager }: BrokerProcess): Promise<void> {
  for (const id of [1, 2, 3, 4, 4, 3, 2, 1]) (await manager.delete(checkpointId(id)))._unsafeUnwrap();
  const left = await world.keys();
  if (world.layout !== 'native') expect(left).toEqual([]);
  expect(left.filter((key) => !/^cluster\.json$|\/chunks\/|\/sweeps\/|\.seal$/.test(key))).toEqual([]);
  await world.clock.advance(SWEEP_GRACE_MS + SWEEP_COUNTS_MS);
  (await world.view().sweep?.())?._unsafeUnwrap();
  expect((await world.keys()).filter((key) => key !== 'cluster.json')).toEqual([]);
}
