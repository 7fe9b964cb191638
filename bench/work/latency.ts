// What a backup does to the commands of its broker: `LEDGER_DIR FILES_DIR WAY BASE_PATH PHASES SEGMENTS`. A partition of the ledger gets commands
// at a steady rate; phases in which some segments of 128 MiB are sent beside it alternate with idle ones as long. The ways: `tidemark` and `plain`
// HTTP as fast as they can, `rate` within a limit, `load` giving way to the latency of the commands. A command's latency counts from when
// it was due, so that a stall meets all that were due in it.
import { open } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { checkpointId, logPosition, nodeFile } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { Partition } from '../../examples/ledger/partition.ts';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';
import { partitionFiles } from './partition-files.ts';

const COMMANDS_PER_SECOND = 500;
const SEGMENT_BYTES = 128 * 1024 * 1024;
const CHUNK_BYTES = 8 * 1024 * 1024;
const BYTES_PER_SECOND = 16 * 1024 * 1024;
/** How late commands are when the ledger calls itself overloaded, and over how many of them it looks. */
const OVERLOAD_MS = 5;
const COMMANDS_LOOKED_AT = 100;

const [, , ledger = '', files = '', way = '', basePath = '', phases = '', segments = ''] = process.argv;
const { bucket, ...place } = bucketFromEnvironment();
const paths = partitionFiles(files)
  .flatMap((partition) => partition.segments)
  .slice(0, Number(segments));
/** Of the commands just done. */
let recent: number[] = [];
const load = () => percentile(recent, 0.9) / OVERLOAD_MS || 0;
const agent = new Agent({ keepAlive: true, maxSockets: 6 });

/** The whole backup, and nothing of it is there from an earlier phase. */
async function saveWith(phase: number): Promise<void> {
  const store = new S3BackupStore(
    {
      ...place,
      bucketName: bucket,
      basePath: `${basePath}-${phase}`,
      forcePathStyleAccess: true,
      maxBytesPerSecond: way === 'rate' ? BYTES_PER_SECOND : undefined,
    },
    way === 'load' ? { load } : {},
  );
  const saved = await store.save({
    id: { checkpointId: checkpointId(1n), partitionId: 1, nodeId: 0 },
    term: 1n,
    descriptor: {
      snapshotId: null,
      checkpointPosition: logPosition(1_000n),
      numberOfPartitions: 1,
      brokerVersion: 'ledger/1.0.0',
    },
    snapshotFiles: [],
    segmentFiles: paths.map((path, index) => nodeFile(path, { name: `${index}.log` })),
  });
  if (saved.isErr()) throw saved.error;
  await store.close();
}

/** The same bytes in the same pieces, without a hash or a signature: what any way to send them costs. */
async function putPlainly(phase: number): Promise<void> {
  const pieces = paths.flatMap((path, file) =>
    Array.from({ length: SEGMENT_BYTES / CHUNK_BYTES }, (_, index) => ({ path, file, index })),
  );
  await pLimit(6).map(pieces, async ({ path, file, index }) => {
    const bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const handle = await open(path);
    await handle.read(bytes, 0, CHUNK_BYTES, index * CHUNK_BYTES);
    await handle.close();
    await new Promise<void>((resolve, reject) => {
      const url = `${place.endpoint}/plain/${basePath}/${phase}/${file}/${index}`;
      const headers = { 'content-length': CHUNK_BYTES };
      const sent = request(url, { method: 'PUT', agent, headers }, (answer) => {
        answer.resume().once('end', resolve).once('error', reject);
      });
      sent.once('error', reject).end(bytes);
    });
  });
}

/** Commands until the work is done. Gives their latencies in milliseconds. */
async function phase(partition: Partition, prefix: string, work: Promise<void>): Promise<number[]> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  const latencies: number[] = [];
  const commands: Promise<void>[] = [];
  const started = performance.now();
  while (!isDone) {
    const due = ((performance.now() - started) / 1_000) * COMMANDS_PER_SECOND;
    while (commands.length < due) {
      const dueAt = started + (commands.length / COMMANDS_PER_SECOND) * 1_000;
      const id = `${prefix}-${commands.length}`;
      const command = partition.submit({ type: 'open', id, balance: 100 });
      const told = () => {
        latencies.push(performance.now() - dueAt);
        recent = latencies.slice(-COMMANDS_LOOKED_AT);
      };
      commands.push(command.then(told));
    }
    await sleep(1);
  }
  await done;
  await Promise.all(commands);
  return latencies;
}

function percentile(latencies: readonly number[], part: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const p99Ms = (histogram: ReturnType<typeof monitorEventLoopDelay>) => histogram.percentile(99) / 1e6;

await measured(async () => {
  const settings = { partitionId: 1, partitions: 1, directory: ledger, segmentBytes: 64 * 1024 * 1024 };
  const partition = await Partition.open({ ...settings, snapshotEvery: Number.MAX_SAFE_INTEGER });
  const send = way === 'plain' ? putPlainly : saveWith;
  await phase(partition, 'warm', send(0));
  const loop = {
    idle: monitorEventLoopDelay({ resolution: 1 }),
    busy: monitorEventLoopDelay({ resolution: 1 }),
  };
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 1; round <= Number(phases); round += 1) {
    const started = performance.now();
    loop.busy.enable();
    busy.push(...(await phase(partition, `busy-${round}`, send(round))));
    loop.busy.disable();
    const tookMs = performance.now() - started;
    loop.idle.enable();
    idle.push(...(await phase(partition, `idle-${round}`, sleep(tookMs))));
    loop.idle.disable();
  }
  await partition.close();
  const [idleP99Ms, busyP99Ms] = [percentile(idle, 0.99), percentile(busy, 0.99)];
  return {
    bytes: Number(phases) * Number(segments) * SEGMENT_BYTES,
    commands: busy.length,
    idleP50Ms: percentile(idle, 0.5),
    busyP50Ms: percentile(busy, 0.5),
    idleP99Ms,
    busyP99Ms,
    p99Ratio: busyP99Ms / idleP99Ms,
    idleLoopP99Ms: p99Ms(loop.idle),
    busyLoopP99Ms: p99Ms(loop.busy),
  };
});
