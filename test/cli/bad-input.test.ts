import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliWorld, makeWorld } from './cli-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('a command line that makes no sense ends with 2', () => {
  it.each([
    [[], 'no command was given; see: tidemark --help'],
    [['lst'], "unknown command 'lst' (Did you mean list?); see: tidemark --help"],
    [['list', '--limt', '3'], "unknown option '--limt' (Did you mean --limit?); see: tidemark list --help"],
    [['status'], "missing required argument 'backupId'; see: tidemark status --help"],
    [['status', '7', '8'], 'too many arguments for'],
    [
      ['restore'],
      'give its id, or set ZEEBE_RESTORE_FROM_BACKUP_ID, or give a time with --to; see: tidemark list',
    ],
    [['restore', '7', '--backupId=8'], 'two backups are named, 7 and 8; name one'],
    ...['seven', '0', '1.5', '-1', '9223372036854775808', '0x7', ''].map((id) => [
      ['status', '--', id],
      `invalid backupId: expected a whole number in 1..9223372036854775807, got '${id}'`,
    ]),
    [['list', '--limit', '0'], "invalid --limit: expected a whole number in 1..1000, got '0'"],
    [['list', '--before', 'x'], 'invalid --before: expected a whole number in 1..9223372036854775807'],
    ...[['list'], ['status', '7'], ['delete', '7']].map((command) => [
      [...command, '--gateway', 'http://127.0.0.1:1', '--config', 'application.yaml'],
      "option '--gateway <url>' cannot be used with option '--config <file>'",
    ]),
    [['list', '--gateway', 'localhost'], "invalid url: expected http://host:port, got 'localhost'"],
    [
      ['take', '--gateway', 'http://127.0.0.1:1', '--timeout', 'soon'],
      'invalid --timeout: expected a duration',
    ],
  ] as [string[], string][])('%j', async (argv, expected) => {
    const outcome = await world.run(argv);
    expect(outcome.stderr).toMatch(/^tidemark: .*\n$/);
    expect(outcome.stderr).toContain(expected);
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toBe('');
    if (argv.includes('--')) return;
    const inJson = await world.run([...argv, '--json']);
    expect(inJson.code).toBe(2);
    if (argv.length > 0) expect(inJson.json()).toMatchObject({ error: { exitCode: 2n } });
  });

  it('an id in the variable that is none names the variable', async () => {
    const outcome = await world.run(['restore'], {
      env: { ...world.env, ZEEBE_RESTORE_FROM_BACKUP_ID: 'x' },
    });
    expect(outcome.stderr).toBe(
      "tidemark: invalid ZEEBE_RESTORE_FROM_BACKUP_ID: expected a backup id, got 'x'\n",
    );
    expect(outcome.code).toBe(2);
  });
});

describe('the configuration', () => {
  it('ends with 3 and lists all problems', async () => {
    await writeFile(
      join(world.directory, 'application.yaml'),
      'zeebe.broker.cluster: { nodeId: x, clusterSize: 0 }',
    );
    const outcome = await world.run(['list', '--json']);
    expect(outcome.code).toBe(3);
    expect(outcome.json().error).toMatchObject({
      name: 'InvalidConfiguration',
      problems: [
        expect.stringContaining('zeebe.broker.cluster.nodeId'),
        expect.stringContaining('(application.yaml line 1)'),
      ],
    });
  });

  it('ends with 3 when the file that is named is not there', async () => {
    const outcome = await world.run(['list', '--config', 'nowhere.yaml']);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain('nowhere.yaml: it cannot be read (ENOENT)');
  });

  it('warns of a key that has no effect', async () => {
    const outcome = await world.run(['list'], { env: { ...world.env, ZEEBE_BROKER_DATA_BACKUP_STOR: 'S3' } });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('tidemark: warning: unknown key ZEEBE_BROKER_DATA_BACKUP_STOR');
  });
});
