// A real Zeebe 8.6.0 on what we restored and what we saved: it must start, hold every instance and job that clients
// had acknowledged, none too many, and do new work. Needs a program that runs a Zeebe on loopback (ZEEBE_LAB:
// start-broker, stop-broker, restore ID, verify ID SOURCE), the backups of a real one (ZEEBE_FIXTURES), and an S3
// server (S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY). Takes two minutes for each broker.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { fixtureObjects, TestBuckets } from './fixture-bucket.ts';

const { ZEEBE_LAB, ZEEBE_FIXTURES, S3_ENDPOINT } = process.env;
const missing = Object.entries({ ZEEBE_LAB, ZEEBE_FIXTURES, S3_ENDPOINT }).flatMap(([name, value]) =>
  value === undefined ? [name] : [],
);
const MINUTES = 60_000;

if (missing.length > 0) {
  process.stderr.write(`compat: NOT RUN on a real Zeebe broker: ${missing.join(', ')} not set\n`);
}

const tag = systemRandom.hex(4);
const fixture = `compat-fixture-${tag}`;
const saved = `compat-saved-${tag}`;
const source = `compat-source-${tag}`;

describe.runIf(missing.length === 0)('a real Zeebe', () => {
  const buckets = new TestBuckets();
  let directory = '';
  let home = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'compat-broker-'));
    home = process.env.ZL_DIR ?? join(tmpdir(), 'zeebe-lab');
    await buckets.make(fixture, await fixtureObjects(ZEEBE_FIXTURES ?? '', 'bucket-8.6.0'));
    await buckets.make(saved);
    await prepareLedger(join(home, 'clusters', source));
  }, 2 * MINUTES);
  afterAll(async () => {
    await buckets.remove();
    await rm(join(home, 'clusters', source), { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  }, MINUTES);

  it.each([1, 2])(
    'starts from our restore of backup %i and goes on',
    { timeout: 8 * MINUTES },
    async (id) => {
      const cluster = new LabCluster(home, `compat-${tag}-${id}`, fixture);
      try {
        await tidemark(['verify', String(id)], buckets.env(fixture, cluster.data));
        await tidemark(['restore', String(id)], buckets.env(fixture, cluster.data));
        await cluster.lab('start-broker');
        expect(await cluster.lab('verify', String(id), source)).toContain('VERIFY OK');
      } finally {
        await cluster.remove();
      }
    },
  );

  it("starts from Zeebe's own restore of what save --offline wrote", { timeout: 8 * MINUTES }, async () => {
    const stopped = join(directory, 'stopped');
    await tidemark(['restore', '1'], buckets.env(fixture, stopped));
    await tidemark(['save', '--offline', '1'], buckets.env(saved, stopped));
    const cluster = new LabCluster(home, `compat-${tag}-saved`, saved);
    try {
      await cluster.lab('restore', '1');
      await cluster.lab('start-broker');
      expect(await cluster.lab('verify', '1', source)).toContain('VERIFY OK');
    } finally {
      await cluster.remove();
    }
  });
});

/** One broker with a data directory of its own. Every port is set, so that another lab may run beside it. */
class LabCluster {
  readonly data: string;
  readonly #directory: string;
  readonly #env: Record<string, string | undefined>;

  constructor(home: string, name: string, bucket: string) {
    this.#directory = join(home, 'clusters', name);
    this.data = join(this.#directory, 'node-0');
    const ports = { ZL_GATEWAY_PORT: '28600', ZL_MGMT_PORT: '9860', ZL_HTTP_PORT: '8460' };
    this.#env = { ...ports, ...process.env, ZL_DIR: home, ZL_NAME: name, ZL_BUCKET: bucket };
  }

  async lab(...args: readonly string[]): Promise<string> {
    const options = { env: this.#env, timeout: 5 * MINUTES, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)(ZEEBE_LAB ?? '', args, options);
    return stdout;
  }

  async remove(): Promise<void> {
    await this.lab('stop-broker');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** What the fixture's clients saw, and when each of its backups was asked for and done. */
async function prepareLedger(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const packed = await readFile(join(ZEEBE_FIXTURES ?? '', 'ledger-8.6.0.csv.gz'));
  await writeFile(join(directory, 'ledger.csv'), gunzipSync(packed));
  const times = await readFile(join(ZEEBE_FIXTURES ?? '', 'times-8.6.0.txt'), 'utf8');
  for (const [, id, posted, completed] of times.matchAll(/backup (\d+): .*?(\d{13}) (\d{13})/g)) {
    await writeFile(join(directory, `times-${id}`), `${posted} ${completed}\n`);
  }
}

async function tidemark(argv: readonly string[], env: Record<string, string>): Promise<void> {
  let text = '';
  const output = {
    isTTY: false,
    write(more: string) {
      text += more;
    },
  };
  const io: CliIo = {
    stdout: output,
    stderr: output,
    signal: new AbortController().signal,
    directory: tmpdir(),
    clock: systemClock,
    fetch,
    kill: (pid, how) => process.kill(pid, how),
  };
  expect(await runCli(argv, env, io), text).toBe(0);
}
