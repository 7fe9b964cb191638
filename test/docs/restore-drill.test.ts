// The commands of the page on rehearsals, as they stand there and in their order, on the backups of a cluster of three.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { sampleBackup } from 'tidemark/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const IDS = [1_795_489_489_492n, 1_795_532_656_214n];
let home: string;
let script: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidemark-drill-'));
  for (const folder of ['store', 'tmp', 'bin']) await mkdir(join(home, folder));
  const tidemark = join(home, 'bin', 'tidemark');
  await writeFile(tidemark, `#!/bin/sh\nexec '${process.execPath}' '${root}src/cli/main.ts' "$@"\n`);
  await chmod(tidemark, 0o755);
  const store = new FilesystemBackupStore({ basePath: join(home, 'store') });
  for (const id of IDS) {
    for (const partitionId of [1, 2, 3]) {
      (await store.save(sampleBackup({ checkpointId: id, partitionId })))._unsafeUnwrap();
    }
  }
  const failed = sampleBackup({ checkpointId: 1_795_532_700_000n });
  (await store.markFailed(failed.id, '"backupId": 5, "state": "COMPLETED"', { term: 1n }))._unsafeUnwrap();
  await store.close();
  const guide = await readFile(join(root, 'docs/guides/restore-drill.md'), 'utf8');
  script = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block).join('');
});

afterEach(() => rm(home, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function drill(text: string): Promise<Ended> {
  const env = {
    PATH: `${join(home, 'bin')}:${join(process.execPath, '..')}:${process.env.PATH}`,
    TMPDIR: join(home, 'tmp'),
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'FILESYSTEM',
    ZEEBE_BROKER_DATA_BACKUP_FILESYSTEM_BASEPATH: join(home, 'store'),
    ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '3',
  };
  return new Promise((resolve) => {
    execFile('bash', ['-euo', 'pipefail', '-c', text], { env, cwd: home }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

it('restores the newest completed backup on every node, and throws it away', async () => {
  const keep = script.replace(/^rm -rf "\$drill"$/m, 'find "$drill" -name "log-1.segment" | sort');
  expect(keep).not.toBe(script);
  const { code, stdout, stderr } = await drill(keep);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain(`restored ${IDS[1]} in `);
  const restored = stdout.match(/node-\d\/partitions\/\d\/log\/log-1\.segment/g);
  expect(restored).toEqual([0, 1, 2].map((node) => `node-${node}/partitions/${node + 1}/log/log-1.segment`));
  await rm(join(home, 'tmp'), { recursive: true });
  await mkdir(join(home, 'tmp'));
  expect((await drill(script)).code).toBe(0);
  expect(await readdir(join(home, 'tmp'))).toEqual([]);
});

it('stops at a backup that is damaged, with the code that says so', async () => {
  const files = await readdir(join(home, 'store'), { recursive: true, withFileTypes: true });
  const chunks = files.filter((file) => file.isFile() && /chunk/.test(file.parentPath));
  expect(chunks.length).toBeGreaterThan(0);
  for (const { parentPath, name } of chunks) await rm(join(parentPath, name));
  const { code, stdout } = await drill(script);
  expect(code).toBe(14);
  expect(stdout).not.toMatch(/^restored /m);
});

it('stops where there is no backup', async () => {
  await rm(join(home, 'store'), { recursive: true });
  await mkdir(join(home, 'store'));
  expect((await drill(script)).code).toBe(1);
});
