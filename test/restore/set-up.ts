// A restore manager over a store and a target that a test holds in its hands.
import { RestoreManager, type RestoreSettings } from '../../src/restore/restore-manager.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { type SampleOptions, ShelfStore, sampleBackups } from './sample-backups.ts';
import { ShelfTarget } from './shelf-target.ts';

export function setUp(settings: Partial<RestoreSettings> = {}, sample: SampleOptions = {}) {
  const backups = sampleBackups(sample);
  const store = new ShelfStore(backups);
  const target = new ShelfTarget();
  const clock = new ManualClock();
  const log: { level: string; message: string; fields: object }[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void log.push({ level, message, fields });
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const manager = new RestoreManager(
    { store, target, clock, logger },
    { partitionIds: [1, 2], partitionsCount: 2, ...settings },
  );
  return { backups, store, target, clock, log, manager };
}
