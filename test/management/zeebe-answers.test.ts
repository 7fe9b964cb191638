// What real gateways answered, asked of our handler: the same statuses and the same bodies, but where we say more.
import { describe, expect, it } from 'vitest';
import { logPosition } from '../../src/core/ids.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import type { FakeCluster } from '../cluster/fake-cluster.ts';
import { setUp } from './set-up.ts';

function facts(snapshotId: string, position: number, version: string): Partial<BackupStatus> {
  return {
    descriptor: {
      snapshotId,
      checkpointPosition: logPosition(position),
      numberOfPartitions: 3,
      brokerVersion: version,
    },
    createdAt: '2026-11-24T01:29:57.690449819Z',
    lastModified: '2026-11-24T01:29:58.172274182Z',
  };
}

describe('like Zeebe 8.6', () => {
  const TAKEN =
    '{"message":"A backup with id 10 has been scheduled. Use GET actuator/backups/10 to monitor the status."}';

  it('takes a backup', async () => {
    const { take } = setUp();
    expect(await take('{"backupId":10}')).toMatchObject({
      status: 202,
      text: TAKEN,
      type: 'application/json',
    });
  });

  it('takes the id as text, among unknown properties, and from the query', async () => {
    expect(await setUp().take('{"backupId":"10"}')).toMatchObject({ status: 202, text: TAKEN });
    expect(await setUp().take('{"backupId":10,"x":1}')).toMatchObject({ status: 202, text: TAKEN });
    expect(await setUp().ask('POST', '/actuator/backups?backupId=10')).toMatchObject({
      status: 202,
      text: TAKEN,
    });
  });

  it('refuses an id that is used up, or lower', async () => {
    const { take } = setUp();
    await take('{"backupId":10}');
    for (const id of [10, 9, 1]) {
      const { status, text } = await take(`{"backupId":${id}}`);
      expect(status).toBe(409);
      expect(JSON.parse(text).message).toContain(
        `Requested backup has id ${id}. The latest backup has id 10. ` +
          'Id of new backups must be higher than the previous one',
      );
    }
  });

  it('tells an incomplete backup', async () => {
    const { cluster, ask } = setUp();
    cluster.put(2, 1, 'COMPLETED', facts('7459-1-53468-9223372036854775807-0', 53499, '8.6.0'));
    cluster.put(2, 3, 'COMPLETED', facts('7424-1-53396-9223372036854775807-0', 53549, '8.6.0'));
    const { status, text } = await ask('GET', '/actuator/backups/2');
    expect(status).toBe(200);
    // Zeebe has the same but for brokerId, which it drops.
    expect(text).toBe(
      '{"backupId":2,"state":"INCOMPLETE","details":[' +
        '{"partitionId":1,"state":"COMPLETED","createdAt":"2026-11-24T01:29:57.690449819Z",' +
        '"lastUpdatedAt":"2026-11-24T01:29:58.172274182Z","snapshotId":"7459-1-53468-9223372036854775807-0",' +
        '"checkpointPosition":53499,"brokerId":0,"brokerVersion":"8.6.0"},' +
        '{"partitionId":2,"state":"DOES_NOT_EXIST"},' +
        '{"partitionId":3,"state":"COMPLETED","createdAt":"2026-11-24T01:29:57.690449819Z",' +
        '"lastUpdatedAt":"2026-11-24T01:29:58.172274182Z","snapshotId":"7424-1-53396-9223372036854775807-0",' +
        '"checkpointPosition":53549,"brokerId":0,"brokerVersion":"8.6.0"}]}',
    );
  });

  it('tells a failed backup', async () => {
    const { cluster, ask } = setUp({}, 1);
    cluster.put(21, 1, 'FAILED', { failureReason: 'The leader changed.', createdAt: '2026-11-24T01:33:22Z' });
    expect((await ask('GET', '/actuator/backups/21')).text).toBe(
      '{"backupId":21,"state":"FAILED",' +
        '"failureReason":"Backup on partition 1 failed due to The leader changed.",' +
        '"details":[{"partitionId":1,"state":"FAILED","failureReason":"The leader changed.",' +
        '"createdAt":"2026-11-24T01:33:22Z","brokerId":0}]}',
    );
  });

  it.each(['999999', '0', '-1'])('knows no backup %s', async (id) => {
    expect(await setUp().ask('GET', `/actuator/backups/${id}`)).toMatchObject({
      status: 404,
      text: `{"message":"Backup with id ${id} does not exist"}`,
    });
  });

  it('lists', async () => {
    const { cluster, ask } = setUp({}, 1);
    cluster.put(1, 1, 'COMPLETED', { createdAt: '2026-11-24T01:17:29.898Z' });
    cluster.put(2, 1, 'IN_PROGRESS');
    expect(await ask('GET', '/actuator/backups')).toMatchObject({
      status: 200,
      text:
        '[{"backupId":2,"state":"IN_PROGRESS","details":[{"partitionId":1,"state":"IN_PROGRESS","brokerId":0}]},' +
        '{"backupId":1,"state":"COMPLETED","details":[{"partitionId":1,"state":"COMPLETED",' +
        '"createdAt":"2026-11-24T01:17:29.898Z","brokerId":0}]}]',
    });
    expect(await setUp().ask('GET', '/actuator/backups')).toMatchObject({ status: 200, text: '[]' });
  });

  it('deletes, again and again, and does not free the id', async () => {
    const { ask, take } = setUp();
    await take('{"backupId":10}');
    expect(await ask('DELETE', '/actuator/backups/10')).toMatchObject({ status: 204, text: '' });
    expect((await ask('GET', '/actuator/backups/10')).status).toBe(404);
    expect((await ask('DELETE', '/actuator/backups/10')).status).toBe(204);
    expect((await ask('DELETE', '/actuator/backups/999999')).status).toBe(204);
    expect((await ask('DELETE', '/actuator/backups/abc')).status).toBe(400);
    expect((await take('{"backupId":10}')).status).toBe(409);
  });
});

describe('like Zeebe 8.1', () => {
  const put = (cluster: FakeCluster) => {
    cluster.put(1, 1, 'COMPLETED', facts('1652-1-4714-9223372036854775807', 8885, '8.1.27'));
    cluster.put(1, 2, 'COMPLETED', { ...facts('x', 9126, '8.1.27'), lastModified: '2026-11-24T02:53:20Z' });
  };

  it('tells a completed backup', async () => {
    const { cluster, ask } = setUp({ dialect: '8.1' }, 2);
    put(cluster);
    expect(await ask('GET', '/actuator/backups/1')).toMatchObject({
      status: 200,
      text:
        '{"backupId":1,"status":"COMPLETED","failureReason":null,"partitions":[' +
        '{"partitionId":1,"status":"COMPLETED","description":{"snapshotId":"1652-1-4714-9223372036854775807",' +
        '"checkpointPosition":8885,"brokerId":0,"brokerVersion":"8.1.27"},"failureReason":null,' +
        '"createdAt":"2026-11-24T01:29:57.690449819Z","lastUpdatedAt":"2026-11-24T01:29:58.172274182Z"},' +
        '{"partitionId":2,"status":"COMPLETED","description":{"snapshotId":"x",' +
        '"checkpointPosition":9126,"brokerId":0,"brokerVersion":"8.1.27"},"failureReason":null,' +
        '"createdAt":"2026-11-24T01:29:57.690449819Z","lastUpdatedAt":"2026-11-24T02:53:20Z"}]}',
    });
  });

  it('answers 200 for a backup that nobody has', async () => {
    const nothing = (id: number) =>
      `{"partitionId":${id},"status":"DOES_NOT_EXIST","description":null,"failureReason":null,` +
      '"createdAt":null,"lastUpdatedAt":null}';
    expect(await setUp({ dialect: '8.1' }).ask('GET', '/actuator/backups/999999')).toMatchObject({
      status: 200,
      text:
        '{"backupId":999999,"status":"DOES_NOT_EXIST","failureReason":null,"partitions":' +
        `[${[1, 2, 3].map(nothing).join(',')}]}`,
    });
    expect(await setUp({ dialect: '8.1' }).ask('GET', '/actuator/backups/-1')).toMatchObject({
      status: 200,
      text: '{"backupId":-1,"status":"DOES_NOT_EXIST","failureReason":null,"partitions":[]}',
    });
  });

  it('has no INCOMPLETE', async () => {
    const { cluster, ask } = setUp({ dialect: '8.1' }, 3);
    put(cluster);
    const { text } = await ask('GET', '/actuator/backups/1');
    expect(JSON.parse(text).status).toBe('DOES_NOT_EXIST');
  });

  it('takes with the id in the path; an id that is used up, or lower, is a success', async () => {
    const { ask } = setUp({ dialect: '8.1' });
    for (const id of [11, 11, 1]) {
      expect(await ask('POST', `/actuator/backups/${id}`)).toMatchObject({
        status: 200,
        text: `{"id":${id}}`,
      });
    }
  });

  it('answers 500 with the id and the failure when the cluster fails', async () => {
    const { cluster, ask } = setUp({ dialect: '8.1' });
    cluster.expected = 4;
    for (const method of ['POST', 'GET']) {
      const { status, text } = await ask(method, '/actuator/backups/11');
      expect(status).toBe(500);
      expect(JSON.parse(text)).toEqual({ id: 11, failure: expect.stringContaining('expected=4') });
    }
  });

  // Zeebe takes 0 and below here and ignores them. We say no.
  it.each([
    ['abc', null],
    ['0', 0],
    ['-5', -5],
    ['7.5', null],
    ['9223372036854775808', expect.anything()],
  ])('refuses to take %s', async (id, shown) => {
    const { cluster, ask } = setUp({ dialect: '8.1' });
    const { status, text } = await ask('POST', `/actuator/backups/${id}`);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({ id: shown, failure: expect.stringContaining('backupId') });
    expect(cluster.requests).toEqual([]);
  });
});
