// A process that restores the sample backup and kills itself at a given step forward, as a crash would.
// Arguments: the store's directory, the data directory, the step (0: run to the end), and a file in which it tells how
// far it has come and what it has fetched for that.
import { writeFileSync } from 'node:fs';
import { FilesystemObjectStorage } from '../../src/objects/filesystem-object-storage.ts';
import { MeteredStorage } from '../../src/objects/metered-storage.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { SEVEN } from './sample-backups.ts';

const [basePath = '', directory = '', step = '0', report = '/dev/null'] = process.argv.slice(2);
const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
const storage = new MeteredStorage({
  storage: new FilesystemObjectStorage(environment, { directory: basePath }),
});
const store = new TidemarkBackupStore({ ...environment, storage }, {});
const manager = new RestoreManager(
  { store, target: new DirectoryRestoreTarget({ directory }), clock: systemClock, logger: silentLogger },
  { partitionIds: [1, 2], partitionsCount: 2 },
);
let steps = 0;
const restored = await manager.restore(SEVEN, {
  onProgress({ bytesDone, bytesKept }) {
    steps += 1;
    const last = steps === Number(step);
    if (last || step === '0') {
      const { bytesReceived } = storage.counts();
      writeFileSync(report, JSON.stringify({ bytesDone, bytesKept, bytesReceived }));
    }
    if (last) process.kill(process.pid, 'SIGKILL');
  },
});
await store.close();
if (restored.isErr()) throw restored.error;
