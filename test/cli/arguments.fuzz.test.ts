// Whatever is typed, the command line ends with one of its codes and says why; none of it is a bug of ours.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { brokenText, fuzzRuns, HOSTILE_TOKENS } from '../support/fuzz.ts';
import { type CliWorld, eagerClock, makeWorld } from './cli-world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await makeWorld();
  await world.save(5n);
});
afterAll(() => world.remove());

const command = fc.constantFrom(
  'list',
  'status',
  'verify',
  'delete',
  'restore',
  'take',
  'save',
  'copy',
  'help',
  'nonsense',
);
const option = fc.constantFrom(
  ...[
    '--json',
    '--limit',
    '--before',
    '--partitions',
    '--gateway',
    '--config',
    '--timeout',
    '--wait',
    '--help',
    '--',
    '-',
  ],
  ...[
    '--limit=',
    '--gateway=http://h',
    '--json=1',
    '--__proto__',
    '--constructor',
    '--no-json',
    '-V',
    '--data',
    '--from',
  ],
);
const value = fc.oneof(
  brokenText(['5', '7', '1,2', '90s', 'http://127.0.0.1:9600', 'application.yaml', '9223372036854775807']),
  fc.constantFrom(...HOSTILE_TOKENS.map((token) => token.replaceAll('"', ''))),
);
const anything = fc
  .tuple(command, fc.array(fc.oneof(option, value), { maxLength: 5 }))
  .map(([name, rest]) => [name, ...rest]);
const nearly = fc
  .tuple(
    fc.constantFrom(
      ['list', '--limit', '5', '--before', '7'],
      ['status', '5'],
      ['status', '5', '--gateway', 'http://127.0.0.1', '--json'],
      ['verify', '5', '--partitions', '1'],
      ['restore', '5', '--partitions', '1', '--timeout', '9s'],
      ['take', '7', '--gateway', 'http://127.0.0.1'],
      ['delete', '6'],
    ),
    fc.nat(6),
    fc.option(value),
  )
  .map(([base, at, given]) => base.map((part, nth) => (nth === at && given !== null ? given : part)));
const argv = fc.oneof(anything, nearly).map((parts) => parts.filter((part) => !part.includes('\0')));

it('ends with a code and a reason', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(argv, async (given) => {
      let stderr = '';
      const io = {
        stdout: { write() {}, isTTY: false },
        stderr: {
          write(text: string) {
            stderr += text;
          },
          isTTY: false,
        },
        signal: new AbortController().signal,
        directory: world.directory,
        clock: eagerClock,
        fetch: async () => new Response('{"message":"no"}', { status: 500 }),
        kill() {},
      };
      const code = await runCli(given, world.env, io);
      seen.add(code);
      expect(code, stderr).not.toBe(EXIT_CODES.InternalError.code);
      expect(code === 0 || stderr.startsWith('tidemark: '), stderr).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not come out
      expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
    }),
    { ...fuzzRuns(250), examples: [[['list']], [['list', '--limit', 'x']], [['status', '999']]] },
  );
  expect(seen.size).toBeGreaterThan(2);
});
