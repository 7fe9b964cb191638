import { describe, expect, it } from 'vitest';
import { storeWarnings } from '../../src/cli/store-warnings.ts';
import { StoreUnavailable } from '../../src/core/errors.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { type CliWorld, makeWorld } from './cli-world.ts';

describe('a store that does not answer', () => {
  it('is told of at most every five seconds', async () => {
    const clock = new ManualClock();
    const written: string[] = [];
    const stderr = { isTTY: false, write: (text: string) => void written.push(text) };
    const logger = storeWarnings({ stderr, clock });
    const err = new StoreUnavailable('list', 'code=ECONNREFUSED\n');
    logger.warn({ err }, 'first');
    logger.warn({ err }, 'second');
    await clock.advance(5_000);
    logger.warn({}, 'third');
    expect(written).toEqual([
      expect.stringMatching(
        /^tidemark: warning: first: the backup store did not answer: operation=list .*\n$/,
      ),
      'tidemark: warning: third\n',
    ]);
  });

  it('is told of before it is given up', async () => {
    const world: CliWorld = await makeWorld();
    const env = {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'bucket',
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: 'us-east-1',
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: 'http://127.0.0.1:9',
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: 'key',
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: 'secret',
    };
    const stop = new AbortController();
    const onStderr = (text: string) => {
      if (text.includes('tidemark: warning: the store is tried again')) stop.abort('SIGINT');
    };
    const { code, stderr } = await world.run(['list'], { env, signal: stop.signal, onStderr });
    await world.remove();
    expect(stderr).toContain('ECONNREFUSED');
    expect(code).toBe(130);
  });
});
