// What a real Zeebe 8.6.0 wrote, with the copies under several nodes as the leaders of a larger cluster leave them:
// listed, verified, and restored node by node for every way to spread the partitions. No broker runs here. Needs
// ZEEBE_FIXTURES and an S3 server (S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY).
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { RESTORE_NOTE } from '../../src/runtime/restore-note.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { fixtureObjects, TestBuckets } from './fixture-bucket.ts';

const { ZEEBE_FIXTURES, S3_ENDPOINT } = process.env;
const missing = Object.entries({ ZEEBE_FIXTURES, S3_ENDPOINT }).flatMap(([name, value]) =>
  value === undefined ? [name] : [],
);
if (missing.length > 0) {
  process.stderr.write(`compat: NOT RUN on copies of several nodes: ${missing.join(', ')} not set\n`);
}

const tag = systemRandom.hex(4);
const single = `compat-single-${tag}`;
const several = `compat-several-${tag}`;
const MINUTE = 60_000;
const PARTITIONING = 'ZEEBE_BROKER_EXPERIMENTAL_PARTITIONING';
const FIXED = [
  [2, 1],
  [2, 0],
  [1, 0],
].flatMap((nodes, index) => [
  [`${PARTITIONING}_FIXED_${index}_PARTITIONID`, String(index + 1)],
  ...nodes.map((node, at) => [`${PARTITIONING}_FIXED_${index}_NODES_${at}_NODEID`, String(node)]),
]);

/** The shape of the cluster, and the partitions of each of its nodes. */
const SHAPES: readonly [string, Record<string, string>, readonly (readonly number[])[]][] = [
  [
    '3 nodes, 3 replicas',
    cluster(3, 3),
    [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ],
  ],
  [
    '3 nodes, 2 replicas',
    cluster(3, 2),
    [
      [1, 3],
      [1, 2],
      [2, 3],
    ],
  ],
  ['2 nodes, 1 replica', cluster(2, 1), [[1, 3], [2]]],
  ['1 node, fewer than there were', cluster(1, 1), [[1, 2, 3]]],
  [
    '3 nodes, 2 replicas, a fixed list',
    {
      ...cluster(3, 2),
      [`${PARTITIONING}_SCHEME`]: 'FIXED',
      ...Object.fromEntries(FIXED),
    },
    [
      [2, 3],
      [1, 3],
      [1, 2],
    ],
  ],
];

function cluster(size: number, replicas: number): Record<string, string> {
  return {
    ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: String(size),
    ZEEBE_BROKER_CLUSTER_REPLICATIONFACTOR: String(replicas),
  };
}

describe.runIf(missing.length === 0)('a bucket with copies of several nodes', () => {
  const buckets = new TestBuckets();
  let directory = '';
  let expected: Map<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'several-'));
    const objects = await fixtureObjects(ZEEBE_FIXTURES ?? '', 'bucket-8.6.0');
    await buckets.make(single, objects);
    await buckets.make(several, new Map([...objects].map(([key, bytes]) => ofItsLeader(key, bytes))));
    const alone = join(directory, 'alone');
    await run(['restore', '1'], buckets.env(single, alone));
    expected = await hashes(alone);
  }, 2 * MINUTE);
  afterAll(async () => {
    await buckets.remove();
    await rm(directory, { recursive: true, force: true });
  }, MINUTE);

  it('is listed, told of and verified, each copy under its node', async () => {
    const env = buckets.env(several, join(directory, 'none'));
    expect(await run(['list'], env)).toMatch(/\n2 +COMPLETED +3\/3 .*\n1 +COMPLETED +3\/3 /);
    expect(await run(['status', '1'], env)).toMatch(
      /\n1 +COMPLETED +0 [^\n]*\n2 +COMPLETED +1 [^\n]*\n3 +COMPLETED +2 /,
    );
    expect(JSON.parse(await run(['verify', '1', '--json'], env))).toMatchObject({
      restorable: true,
      copies: [{ nodeId: 0 }, { nodeId: 1 }, { nodeId: 2 }],
    });
  });

  it.each(SHAPES)('is restored for %s', async (shape, env, nodes) => {
    for (const [nodeId, partitions] of nodes.entries()) {
      const data = join(directory, shape.replaceAll(' ', '-'), `node-${nodeId}`);
      await run(['restore', '1'], {
        ...buckets.env(several, data),
        ...env,
        ZEEBE_BROKER_CLUSTER_NODEID: String(nodeId),
      });
      const due = [...expected].filter(([path]) =>
        partitions.some((partition) => path.startsWith(`raft-partition/partitions/${partition}/`)),
      );
      expect(due.length).toBeGreaterThan(partitions.length);
      expect([...(await hashes(data))].sort(), `node ${nodeId}`).toEqual(due.sort());
    }
  });
});

/** Partition 1 was led by node 0, 2 by node 1, 3 by node 2: one copy each, as three brokers leave it. */
function ofItsLeader(key: string, bytes: Buffer): [string, Buffer] {
  const [partition = '', checkpoint, , ...rest] = key.split('/');
  const node = Number(partition) - 1;
  const moved = [partition, checkpoint, node, ...rest].join('/');
  if (!key.endsWith('manifest.json')) return [moved, bytes];
  return [moved, Buffer.from(bytes.toString().replace('"nodeId":0', `"nodeId":${node}`))];
}

async function hashes(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // What a restore notes of itself: it tells the time.
    if (!entry.isFile() || entry.name === RESTORE_NOTE) continue;
    found.set(
      relative(root, path),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return found;
}

async function run(argv: readonly string[], env: Record<string, string>): Promise<string> {
  const told = { stdout: '', stderr: '' };
  const output = (name: keyof typeof told) => ({
    isTTY: false,
    write(text: string) {
      told[name] += text;
    },
  });
  const io: CliIo = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    directory: tmpdir(),
    clock: systemClock,
    fetch,
    kill: (pid, how) => process.kill(pid, how),
  };
  expect(await runCli(argv, env, io), `${told.stdout}${told.stderr}`).toBe(0);
  return told.stdout;
}
