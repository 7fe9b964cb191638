import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { NOTE } from '../restore/sample-backups.ts';
import { SECOND, SNAPSHOT_ID } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld, type Outcome } from './cli-world.ts';
import { makeZeebeBucket, type ZeebeBucket } from './zeebe-world.ts';

let world: CliWorld;
let bucket: ZeebeBucket;
beforeEach(async () => {
  world = await makeWorld();
  bucket = await makeZeebeBucket();
});
afterEach(async () => {
  await bucket.close();
  await world.remove();
});

function run(...argv: string[]): Promise<Outcome> {
  return world.run(argv, { env: bucket.env(world.dataDirectory) });
}

describe("a bucket in Zeebe's layout", () => {
  it('is listed, told of and deleted from', async () => {
    await bucket.save();
    await bucket.save(checkpointId(10), [1]);
    expect((await run('list')).stdout).toMatch(/^BACKUP .*\n10 +INCOMPLETE +1\/2 .*\n7 +COMPLETED +2\/2 /);
    expect((await run('status', '7')).stdout).toMatch(
      /^backup 7: COMPLETED\n[\s\S]*\n2 +COMPLETED +0 .* 6 +3-3-2-9223372036854775807-0 +8\.6\.0\n$/,
    );
    expect((await run('delete', '10')).code).toBe(0);
    expect((await run('list', '--json')).json()).toMatchObject({ backups: [{ backupId: 7n }] });
    expect((await run('status', '10')).code).toBe(11);
  });

  it('looks empty in the other layout, and the listing says why that may be', async () => {
    await bucket.save();
    const env = { ...bucket.env(world.dataDirectory), ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'tidemark' };
    const outcome = await world.run(['list'], { env });
    expect(outcome.stdout).toBe('no backups\n');
    expect(outcome.stderr).toContain('zeebe.broker.data.backup.format to zeebe');
    expect((await run('list')).stderr).toBe('');
    expect((await run('list', '--before', '1')).stderr).toBe('');
  });

  it("is restored into Zeebe's directories, with the log cut behind the checkpoint", async () => {
    await bucket.save();
    const { code, stderr } = await run('restore', '7');
    expect(stderr).toContain('partition 2: the copy of node 0, up to position 6');
    expect(code).toBe(0);
    const partition = join(world.dataDirectory, 'raft-partition/partitions/2');
    expect((await readdir(partition)).sort()).toEqual([
      'raft-partition-partition-2-8.log',
      'raft-partition-partition-2-9.log',
      'snapshots',
    ]);
    expect((await readdir(join(partition, 'snapshots'))).sort()).toEqual([
      SNAPSHOT_ID,
      `${SNAPSHOT_ID}.checksum`,
    ]);
    const log = await readFile(join(partition, 'raft-partition-partition-2-9.log'));
    const end = SECOND.offsets[2] ?? 0;
    expect(log.subarray(0, end)).toEqual(Buffer.from(SECOND.bytes.subarray(0, end)));
    expect(log.subarray(end).every((byte) => byte === 0)).toBe(true);
  });

  it('is restored by the fixed list of the cluster, for each node its partitions', async () => {
    await bucket.save();
    const variable = 'ZEEBE_BROKER_EXPERIMENTAL_PARTITIONING';
    const env = {
      ...bucket.env(world.dataDirectory),
      ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: '3',
      [`${variable}_SCHEME`]: 'FIXED',
      [`${variable}_FIXED_0_PARTITIONID`]: '1',
      [`${variable}_FIXED_0_NODES_0_NODEID`]: '2',
      [`${variable}_FIXED_1_PARTITIONID`]: '2',
    };
    const incomplete = await world.run(['restore', '7'], { env });
    expect(incomplete.code).toBe(3);
    expect(incomplete.stderr).toContain(
      'zeebe.broker.experimental.partitioning.fixed[1].nodes: there are 0 nodes',
    );
    const whole = { ...env, [`${variable}_FIXED_1_NODES_0_NODEID`]: '0' };
    for (const [nodeId, held] of [['2'], [], ['1']].entries()) {
      const directory = join(world.dataDirectory, `node-${nodeId}`);
      const ofNode = { ZEEBE_BROKER_CLUSTER_NODEID: String(nodeId), ZEEBE_BROKER_DATA_DIRECTORY: directory };
      expect((await world.run(['restore', '7'], { env: { ...whole, ...ofNode } })).code).toBe(0);
      expect(await readdir(join(directory, 'raft-partition/partitions'))).toEqual([NOTE, ...held]);
    }
  });

  it('is restored by the partitions that are named', async () => {
    await bucket.save();
    const env = bucket.env(world.dataDirectory);
    for (const wrong of ['3', '0', '1,', 'all']) {
      expect((await world.run(['restore', '7', '--partitions', wrong], { env })).code).toBe(2);
    }
    expect((await world.run(['restore', '7', '--partitions', '2'], { env })).code).toBe(0);
    expect(await readdir(join(world.dataDirectory, 'raft-partition/partitions'))).toEqual([NOTE, '2']);
  });

  it('is not restored when it is damaged', async () => {
    await bucket.save();
    await bucket.delete('2/7/0/segments/raft-partition-partition-2-9.log');
    const { code, stderr } = await run('restore', '7');
    expect(code).toBe(14);
    expect(stderr).toContain('2/7/0/segments/raft-partition-partition-2-9.log is missing');
    expect(await readdir(world.dataDirectory).catch(() => [])).toEqual([]);
  });
});
