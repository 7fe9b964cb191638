// `GET /actuator/backups/ranges`: there when the broker offers it, and no id otherwise.
import { errAsync, okAsync } from 'neverthrow';
import { managementHandler } from 'tidemark/management';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { RestorableRanges } from '../../src/core/restorable-ranges.ts';
import type { BackupOperations } from '../../src/management/backup-operations.ts';
import { setUp } from './set-up.ts';

const from = {
  checkpointId: checkpointId(9_007_199_254_740_993n),
  type: 'marker',
  timestamp: '2026-11-24T06:00:00.000Z',
  spreadMs: 4,
  backupId: checkpointId(9_007_199_254_740_995n),
} as const;
const TOLD: RestorableRanges = {
  ranges: [
    {
      from,
      to: { ...from, checkpointId: from.backupId, type: 'backup' },
      points: 2,
      backups: [from.backupId],
    },
  ],
  gaps: [],
};

function ask(ranges: NonNullable<BackupOperations['ranges']>, method = 'GET') {
  const { operations } = setUp();
  const all: BackupOperations = {
    trigger: operations.trigger.bind(operations),
    status: operations.status.bind(operations),
    list: operations.list.bind(operations),
    delete: operations.delete.bind(operations),
    ranges,
  };
  return managementHandler(all)(new Request('http://localhost/actuator/backups/ranges', { method }));
}

it('tells the ranges, with all digits of their ids', async () => {
  const answer = await ask(() => okAsync(TOLD));
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).toContain(
    '"checkpointId":9007199254740993,"type":"marker","timestamp":"2026-11-24T06:00:00.000Z"',
  );
  expect(text).toContain('"backups":[9007199254740995]');
});

it('tells why not', async () => {
  const answer = await ask(() => errAsync(new StoreUnavailable('list', 'x')));
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(await answer.text()).toContain('the backup store did not answer');
});

it('takes nothing but GET and HEAD', async () => {
  for (const method of ['POST', 'DELETE', 'PUT']) {
    const answer = await ask(() => okAsync(TOLD), method);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  }
  expect((await ask(() => okAsync(TOLD), 'HEAD')).status).toBe(200);
});

it('is no id where nobody offers it', async () => {
  const answer = await setUp().ask('GET', '/actuator/backups/ranges');
  expect(answer.status).toBe(400);
});
