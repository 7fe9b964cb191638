// A pino logger is a Logger as it is: by its type, and by what it writes.
import { pino } from 'pino';
import {
  bytesFile,
  checkpointId,
  type Logger,
  logPosition,
  PartitionBackupManager,
  systemClock,
} from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';
import { expect, expectTypeOf, it } from 'vitest';

it('takes pino and its children by type', () => {
  expectTypeOf(pino()).toExtend<Logger>();
  expectTypeOf(pino().child({ nodeId: 0 })).toExtend<Logger>();
  // A logger that wants the message first is none.
  expectTypeOf<{ warn(message: string, fields?: object): void }>().not.toExtend<Pick<Logger, 'warn'>>();
});

it('writes ids with 64 bits, and errors with their names', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(line) }).child({
    component: 'tidemark',
  });
  const store = new InMemoryBackupStore({ clusterId: 'a' }, { logger });
  const source = {
    reserve: async () => ({
      snapshots: [],
      segments: [
        {
          name: 'log',
          firstPosition: logPosition(5),
          lastPosition: logPosition(6),
          upTo: async () => bytesFile('log', new Uint8Array(1)),
        },
      ],
      release: async () => {},
    }),
  };
  const manager = new PartitionBackupManager(
    { store, source, clock: systemClock, logger },
    { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1' },
  );
  const id = checkpointId(9_223_372_036_854_775_807n);
  const taken = await manager.take({ checkpointId: id, position: logPosition(6) });
  expect(taken.isErr() && taken.error.name).toBe('BackupNotPossible');
  await manager.close();
  await store.close();
  const line = lines.find((one) => one.includes('the partition backup failed')) ?? '';
  expect(line).toContain('"checkpointId":9223372036854775807');
  expect(JSON.parse(line)).toMatchObject({
    level: 40,
    component: 'tidemark',
    partitionId: 1,
    err: { type: 'BackupNotPossible', message: expect.stringContaining('the log has no position 1') },
  });
});
