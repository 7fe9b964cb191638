// A process that restores the sample backup and kills itself at a given step forward, as a crash would.
// Arguments: the store's directory, the data directory, the step (0: run to the end).
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { FilesystemBackupStore } from '../../src/stores/filesystem-backup-store.ts';
import { SEVEN } from './sample-backups.ts';

const [basePath = '', directory = '', step = '0'] = process.argv.slice(2);
const store = new FilesystemBackupStore({ basePath });
const manager = new RestoreManager(
  { store, target: new DirectoryRestoreTarget({ directory }), clock: systemClock, logger: silentLogger },
  { partitionIds: [1, 2], partitionsCount: 2 },
);
let steps = 0;
const restored = await manager.restore(SEVEN, {
  onProgress() {
    steps += 1;
    if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  },
});
await store.close();
if (restored.isErr()) throw restored.error;
