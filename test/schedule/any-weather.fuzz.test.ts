// Random lives of a scheduler: the store is away, partitions lag or are gone, backups are slow or fail, clocks jump, people
// trigger by hand, schedulers die and come in twos. Whatever happens, it never takes two backups of its own at once, nor
// two in one slot; and when all is well again it goes on.
import fc from 'fast-check';
import { type BackupScheduler, checkpointId } from 'tidemark';
import { expect, it } from 'vitest';
import { SCHEDULER_POLL_MS, SCHEDULER_RETRY_MS_MAX } from '../../src/core/limits.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { ScheduledWorld, scheduleOf } from './scheduled-world.ts';

const MINUTE = 60_000;
const DEADLINE_MS = 20 * MINUTE;

type Step =
  | { readonly do: 'pass'; readonly intervals: number }
  | { readonly do: 'store' | 'fail' | 'lag' | 'leave' | 'showLate'; readonly on: boolean }
  | { readonly do: 'jump'; readonly intervals: number }
  | { readonly do: 'slow'; readonly intervals: number }
  | { readonly do: 'restart' | 'second' | 'byHand' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      intervals: fc.double({ min: 0.01, max: 4, noNaN: true }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('store', 'fail', 'lag', 'leave', 'showLate'),
      on: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      intervals: fc.double({ min: -30, max: 30, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('slow' as const),
      intervals: fc.double({ min: 0, max: 3, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart', 'second', 'byHand') }) },
);

const life = fc.record({
  intervalMinutes: fc.constantFrom(1, 5, 15),
  idsAhead: fc.boolean(),
  markers: fc.boolean(),
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
});

class Life {
  readonly world = new ScheduledWorld();
  readonly intervalMs: number;
  readonly #schedule;
  #schedulers: BackupScheduler[] = [];
  readonly #checkpointSchedule;
  /** Ids tell no time: they are ahead of the clock, or come to be when it goes back behind a marker. */
  readonly #idsAhead: boolean;
  readonly #nobodyKnows: boolean;
  #wentBack = false;
  #byHand = false;
  /** What must not be. Told by the partitions, where what a test throws would be an answer like others. */
  readonly #offences: string[] = [];
  /** Not triggered by each of the schedulers that live: by hand, or before one of them was started. */
  readonly #unheard = new Set<bigint>();
  /** Nobody else triggers beside the one scheduler. */
  #isAlone = true;

  constructor(intervalMinutes: number, idsAhead: boolean, markers: boolean) {
    this.intervalMs = intervalMinutes * MINUTE;
    this.#idsAhead = idsAhead || markers;
    this.#nobodyKnows = idsAhead && markers;
    this.#checkpointSchedule = markers ? scheduleOf(`PT${intervalMinutes * 7}S`) : null;
    this.#schedule = scheduleOf(`PT${intervalMinutes}M`);
    this.world.takesMs = 0.3 * this.intervalMs;
    if (idsAhead) for (const partition of this.world.partitions) partition.latest = 10n ** 15n;
    this.world.onCreated = (id) => this.#check(id);
    this.world.onMarked = (partitionId) => this.#checkMarker(partitionId);
    this.#start();
  }

  async run({ ...now }: Step): Promise<void> {
    const { world } = this;
    switch (now.do) {
      case 'pass':
        return world.manual.advance(Math.ceil(now.intervals * this.intervalMs));
      case 'store':
        world.storeIsDown = now.on;
        return;
      case 'fail':
        world.backupsFail = now.on;
        return;
      case 'lag':
        world.partition(2).lags = now.on;
        return;
      case 'leave':
        world.partition(1).isAway = now.on;
        return;
      case 'showLate':
        // Ids that tell no time, a listing that shows nothing and a marker above: then nobody can know of a backup.
        world.showsAfterMs = now.on && !this.#nobodyKnows ? this.intervalMs : 0;
        return;
      case 'slow':
        world.takesMs = Math.ceil(now.intervals * this.intervalMs);
        return;
      case 'jump':
        this.#wentBack ||= now.intervals < 0;
        // Not between the look at the clock and the backup: its age would be of another slot.
        await world.manual.advance(0);
        world.skewMs += Math.trunc(now.intervals * this.intervalMs);
        return;
      case 'restart':
        await this.close();
        for (const id of this.world.ids) this.#unheard.add(id);
        return this.#start();
      case 'second':
        this.#isAlone = false;
        for (const id of this.world.ids) this.#unheard.add(id);
        if (this.#schedulers.length < 3) this.#start();
        return;
      case 'byHand':
        this.#isAlone = false;
        return this.#triggerByHand();
    }
  }

  /** All is well from now on: when what it waits for has ended, no two slots in a row are without a backup. */
  async recover(): Promise<void> {
    const { world } = this;
    Object.assign(world, { storeIsDown: false, backupsFail: false, showsAfterMs: 0, takesMs: 1_000 });
    Object.assign(world.partition(2), { lags: false });
    Object.assign(world.partition(1), { isAway: false });
    await world.manual.advance(DEADLINE_MS + SCHEDULER_RETRY_MS_MAX + SCHEDULER_POLL_MS);
    const first = this.#schedule.next(world.clock.now()) ?? 0;
    await world.manual.advance(7 * this.intervalMs);
    for (let slot = first; slot < first + 5 * this.intervalMs; slot += this.intervalMs) {
      const both = [slot, slot + this.intervalMs];
      expect(
        both.some((each) => this.#isTaken(each)),
        `backups since ${new Date(slot).toISOString()}`,
      ).toBe(true);
    }
    if (this.#checkpointSchedule === null) return;
    const made = world.events.filter(({ type, slotMs }) => type === 'marked' && slotMs >= first);
    expect(made.length, 'markers between seven backups').toBeGreaterThan(7);
  }

  /** By us, now or before the clock went back; or there is one that says to be of this time. */
  #isTaken(slot: number): boolean {
    return this.world.events.some(
      (event) =>
        event.slotMs === slot &&
        (event.type === 'triggered' ||
          (event.type === 'already' &&
            Number(event.checkpointId) >= slot &&
            Number(event.checkpointId) < slot + this.intervalMs)),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#schedulers.map((scheduler) => scheduler.close()));
    this.#schedulers = [];
  }

  /** Nothing was done that must not be; one id was told as triggered for each slot. */
  checkSlots(): void {
    expect(this.#offences).toEqual([]);
    // Ids that are ahead of the clock tell no time; then one that goes back may find a slot's backup in the future.
    if (this.#idsAhead && this.#wentBack) return;
    const bySlot = Map.groupBy(
      this.world.events.filter((event) => event.type === 'triggered'),
      ({ slotMs }) => slotMs,
    );
    for (const [slot, events] of bySlot) {
      const ids = new Set(events.map(({ checkpointId: id }) => id));
      expect(ids.size, `backups in the slot ${new Date(slot).toISOString()}`).toBe(1);
    }
  }

  #start(): void {
    const scheduler = this.world.scheduler({
      schedule: this.#schedule,
      checkpointSchedule: this.#checkpointSchedule,
      backupDeadlineMs: DEADLINE_MS,
    });
    this.#schedulers.push(scheduler);
    scheduler.start();
  }

  #check(id: bigint): void {
    if (this.#byHand) {
      this.#unheard.add(id);
      return;
    }
    const unfinished = this.world.unfinished(DEADLINE_MS);
    // What nobody told this scheduler, and the listing does not show yet, it cannot know.
    const running = unfinished.filter((each) => !this.#unheard.has(each) || this.world.isShown(each));
    if (running.length > 0) this.#offences.push(`${running} had not ended when ${id} was triggered`);
  }

  /** No marker overtakes a backup that other partitions have begun: this one could never take it. */
  #checkMarker(partitionId: number): void {
    if (!this.#isAlone) return;
    const { backups, latest } = this.world.partition(partitionId);
    const overtaken = this.world.unfinished(DEADLINE_MS).filter((id) => !backups.has(id) && id > latest);
    if (overtaken.length > 0)
      this.#offences.push(`a marker on ${partitionId} overtook the backup ${overtaken}`);
  }

  async #triggerByHand(): Promise<void> {
    this.#byHand = true;
    const triggered = this.world.backups.trigger(checkpointId(BigInt(this.world.clock.now())));
    // A partition that does not answer is given up after a quarter of a minute.
    const ended = Promise.resolve(triggered).then(() => {
      this.#byHand = false;
    });
    await this.world.manual.advance(0);
    this.#byHand = false;
    void ended;
  }
}

it('never two at once, never two in a slot, and on again', async () => {
  await fc.assert(
    fc.asyncProperty(life, async ({ intervalMinutes, idsAhead, markers, steps }) => {
      const one = new Life(intervalMinutes, idsAhead, markers);
      try {
        for (const each of steps) await one.run(each);
        one.checkSlots();
        await one.recover();
        one.checkSlots();
      } finally {
        await one.close();
      }
    }),
    fuzzRuns(150),
  );
});
