import { checkpointId, PartitionUnreachable } from 'tidemark';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliWorld, eagerClock, makeWorld } from './cli-world.ts';
import { FakeGateway } from './fake-gateway.ts';

let world: CliWorld;
let gateway: FakeGateway;
beforeEach(async () => {
  world = await makeWorld();
  gateway = new FakeGateway();
  await gateway.start();
});
afterEach(async () => {
  await gateway.close();
  await world.remove();
});

function run(argv: readonly string[], options: Parameters<CliWorld['run']>[1] = {}) {
  return world.run([...argv, '--gateway', gateway.url], { env: {}, clock: eagerClock, ...options });
}

describe('take', () => {
  it('triggers and prints the id', async () => {
    const { code, stdout, stderr } = await run(['take', '42']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' });
    expect(stderr).toBe(
      `backup 42 is triggered; watch it with: tidemark status 42 --gateway ${gateway.url}\n`,
    );
    expect(gateway.triggered).toEqual([42n]);
  });

  it('makes an id of the time when none is given', async () => {
    const before = Date.now();
    const outcome = await run(['take', '--json']);
    const id = outcome.json().backupId as bigint;
    expect(Number(id)).toBeGreaterThanOrEqual(before);
    expect(Number(id)).toBeLessThanOrEqual(Date.now());
    expect(gateway.triggered).toEqual([id]);
  });

  it('goes above the latest backup where the time is not enough', async () => {
    gateway.latest = checkpointId(10n ** 15n);
    const outcome = await run(['take']);
    expect(outcome).toMatchObject({ code: 0, stdout: '1000000000000001\n' });
    expect(await run(['take', '42'])).toMatchObject({ code: 32 });
    expect((await run(['take', '42'])).stderr).toContain('the next free id is 1000000000000002');
  });

  it('lets a gateway that makes ids make it', async () => {
    await gateway.close();
    gateway = new FakeGateway();
    gateway.generateIds = true;
    await gateway.start();
    expect(await run(['take'])).toMatchObject({ code: 0, stdout: '2\n' });
  });

  it('waits until the backup is COMPLETED, and shows how far it is', async () => {
    gateway.states = ['DOES_NOT_EXIST', 'INCOMPLETE', 'IN_PROGRESS', 'COMPLETED'];
    const { code, stdout, stderr } = await run(['take', '42', '--wait'], { isTTY: true });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' });
    expect(stderr).toContain('\r\u001b[2Kbackup 42: COMPLETED, 1 of 1 partitions\n');
  });

  it('gives the backup as a document once it is COMPLETED', async () => {
    gateway.states = ['IN_PROGRESS', 'COMPLETED'];
    const outcome = await run(['take', '42', '--wait', '--json']);
    expect(outcome.json()).toMatchObject({ backupId: 42n, state: 'COMPLETED' });
    expect(outcome.stderr).toBe(
      'backup 42: IN_PROGRESS, 0 of 1 partitions, 1.0 KiB of 2.0 KiB\nbackup 42: COMPLETED, 1 of 1 partitions\n',
    );
  });

  it('waits through trouble that may pass', async () => {
    gateway.failure = new PartitionUnreachable(1, 'reason=gone');
    const onStderr = () => {
      gateway.failure = undefined;
    };
    expect(await run(['take', '42', '--wait'], { onStderr })).toMatchObject({ code: 0, stdout: '42\n' });
  });

  it('ends with 33 when the backup FAILED', async () => {
    gateway.states = ['IN_PROGRESS', 'FAILED'];
    const outcome = await run(['take', '42', '--wait', '--json']);
    expect(outcome.code).toBe(33);
    expect(outcome.json()).toMatchObject({ error: { name: 'BackupFailed', checkpointId: 42n } });
    expect(outcome.stderr).toContain("reason='the disk is full'");
  });

  it('ends with 40 when it takes too long', async () => {
    gateway.states = ['IN_PROGRESS'];
    const outcome = await run(['take', '42', '--wait', '--timeout', '5s', '--json']);
    expect(outcome.code).toBe(40);
    expect(outcome.json()).toMatchObject({ error: { name: 'DeadlineExceeded', retryable: true } });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('stops waiting on %s and ends with %i', async (signal, code) => {
    gateway.states = ['IN_PROGRESS'];
    const stop = new AbortController();
    const onStderr = (text: string) => text.includes('IN_PROGRESS') && stop.abort(signal);
    const outcome = await run(['take', '42', '--wait', '--json'], { signal: stop.signal, onStderr });
    expect(outcome.code).toBe(code);
    expect(outcome.json()).toMatchObject({ error: { name: 'Aborted', exitCode: BigInt(code) } });
  });

  it('needs a gateway', async () => {
    const outcome = await world.run(['take', '42']);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain("required option '--gateway <url>'");
  });
});

describe('the other commands', () => {
  it('ask the gateway, and need no configuration', async () => {
    expect((await run(['status', '7'])).stdout).toMatch(/^backup 7: COMPLETED\n\nPARTITION/);
    expect((await run(['list', '--json'])).json()).toMatchObject({ backups: [{ backupId: 1n }] });
    expect(await run(['delete', '7'])).toMatchObject({ code: 0 });
    expect(gateway.deleted).toEqual([7n]);
  });

  it('colour for people, unless they said no', async () => {
    expect((await run(['status', '7'], { isTTY: true })).stdout).toContain('\u001b[32mCOMPLETED\u001b[39m');
    const plain = await run(['status', '7'], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001b');
  });

  it('end with 11 when no partition has the backup', async () => {
    gateway.states = ['DOES_NOT_EXIST'];
    expect(await run(['status', '7'])).toMatchObject({ code: 11 });
  });

  it('show what a gateway says in one harmless line', async () => {
    gateway.failure = new PartitionUnreachable(1, 'reason=two\nlines \u001b[2J');
    const { stderr } = await run(['status', '7']);
    expect(stderr).toMatch(/^tidemark: .*two lines {2}\[2J.*\n$/);
    expect(stderr).not.toContain('\u001b');
  });

  it('send the token of the environment', async () => {
    const guarded = new FakeGateway();
    await guarded.start('secret-token');
    try {
      const argv = ['list', '--gateway', guarded.url];
      expect(await world.run(argv, { env: { TIDEMARK_MANAGEMENT_TOKEN: 'secret-token' } })).toMatchObject({
        code: 0,
      });
      const refused = await world.run(argv, { env: { TIDEMARK_MANAGEMENT_TOKEN: 'wrong-token' } });
      expect(refused.code).toBe(31);
      expect(refused.stderr).not.toContain('wrong-token');
    } finally {
      await guarded.close();
    }
  });
});
