// What happens in runs with a focus: again and again the same few rivals at once, each at its own pace. What they fight
// over needs orders of requests that a run about everything hardly ever comes to.
import { type Focus, SWEEP_GRACE_MS } from './settings.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { Surroundings } from './surroundings.ts';
import type { Workload } from './workload.ts';

export async function focusedStep(
  focus: Focus,
  around: Surroundings,
  cluster: SimulatedCluster,
  workload: Workload,
): Promise<void> {
  const { chance, scheduler, weather } = around;
  for (let count = chance.between(1, 4); count > 0; count -= 1) workload.transfer();
  await scheduler.pass(50);
  if (focus === 'sweep') fightOverChunks(around, workload);
  else fightOverSeal(around, cluster, workload);
  // What lies there now is old enough for the next sweep, or nearly so.
  await scheduler.pass(SWEEP_GRACE_MS + (chance.fraction() - 0.1) * 4_000);
  weather.calm();
}

/**
 * A save that builds on a backup, the delete of that one, and a sweep that is faster or slower than both. At times all
 * is deleted before: then the next save sends again what lies there as garbage.
 */
function fightOverChunks({ chance, scheduler, weather, watch }: Surroundings, workload: Workload): void {
  if (chance.is(0.2)) weather.turn();
  const old = [...workload.triggered].filter((id) => !watch.deleting.has(id));
  const deleteOld = () => {
    for (const id of old) workload.delete(id);
  };
  if (old.length > 0 && chance.is(0.25)) {
    deleteOld();
    return;
  }
  const windowMs = chance.pick([30, 200, 1_000, 4_000]);
  const within = (label: string, run: () => void) =>
    void scheduler.after(chance.fraction() * windowMs, label, run);
  within('a save', () => workload.trigger());
  if (chance.is(0.7)) within('a delete', deleteOld);
  for (let count = chance.is(0.2) ? 2 : 1; count > 0; count -= 1) {
    within('a sweep', () => workload.sweep(chance.pick([1, 4, 20, 80])));
  }
}

/** A leader whose requests have to be tried again, a successor that ends what it finds, and may die over it. */
function fightOverSeal(
  { chance, scheduler, weather, settings }: Surroundings,
  cluster: SimulatedCluster,
  workload: Workload,
): void {
  weather.storeTrouble = chance.pick([0.15, 0.3]);
  weather.storeTroubles = ['throttled', 'throttled', 'refused', 'lost'];
  workload.trigger();
  const partitionId = chance.between(1, settings.partitions);
  const succeed = () => {
    cluster.move(partitionId);
    const successor = cluster.leaders.get(partitionId)?.node.nodeId;
    if (successor === undefined || chance.is(0.8)) return;
    scheduler.after(chance.fraction() * 400, 'the successor dies', () => cluster.crash(successor));
  };
  scheduler.after(chance.fraction() * chance.pick([300, 1_000, 3_000]), 'a successor', succeed);
}
