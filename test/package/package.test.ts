// The package as others get it: packed, installed in an empty folder, imported, type-checked, linted.
// Needs the build in dist/; `npm test` makes it first.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockOf } from './newcomer.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

interface Manifest {
  readonly exports: Record<string, unknown>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly bin: Record<string, string>;
}

let home: string;
let tarball: string;
let manifest: Manifest;
let entries: string[];

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  entries = Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .map((key) => key.replace(/^\./, 'tidemark'));
  home = await mkdtemp(join(tmpdir(), 'tidemark-package-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home], {
    cwd: root,
  });
  const listing = JSON.parse(packed.stdout) as Record<string, { filename: string }> | { filename: string }[];
  tarball = join(home, Object.values(listing)[0]?.filename ?? 'nothing was packed');
  await writeFile(join(home, 'package.json'), '{"type":"module","private":true}');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: home });
}, 180_000);

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

const node = (code: string) => run(process.execPath, ['--input-type=module', '-e', code], { cwd: home });

describe('the packed package', () => {
  it('imports without OpenTelemetry, but for the telemetry, which says what it lacks', async () => {
    const lacking: string[] = [];
    for (const entry of entries) {
      const tried = await node(`await import('${entry}')`).catch((cause: { stderr: string }) => cause);
      if ('code' in tried)
        lacking.push(`${entry}: ${/Cannot find package '([^']+)'/.exec(tried.stderr)?.[1]}`);
    }
    expect(lacking).toEqual(['tidemark/telemetry: @opentelemetry/api']);
    const version = manifest.devDependencies['@opentelemetry/api'];
    const options = ['--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, `@opentelemetry/api@${version}`], { cwd: home });
  });

  it('imports by every subpath', async () => {
    for (const entry of entries) {
      const { stdout } = await node(`console.log(Object.keys(await import('${entry}')).length)`);
      expect(Number(stdout), entry).toBeGreaterThan(0);
    }
  });

  it('shares one copy of every class between the entries', async () => {
    const { stdout } = await node(`
      const { BackupError, StoreNotFound } = await import('tidemark');
      const { FilesystemBackupStore } = await import('tidemark/filesystem');
      const store = new FilesystemBackupStore({ basePath: '/nonexistent/tidemark' });
      const page = await store.list({});
      console.log(page.isErr() && page.error instanceof BackupError && page.error instanceof StoreNotFound);
      await store.close();`);
    expect(stdout.trim()).toBe('true');
  });

  it('loads no AWS SDK, no YAML and no HTTP server with the root entry', async () => {
    const { stdout } = await node(`
      import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve(name, context, next) { const found = next(name, context); seen.push(found.url); return found; } });
      await import('tidemark');
      console.log(JSON.stringify(seen));`);
    const loaded = (JSON.parse(stdout) as string[]).join('\n');
    expect(loaded).toContain('neverthrow');
    expect(loaded).not.toMatch(/@aws-sdk|@smithy|@opentelemetry|\/yaml\/|srvx|commander|node:http/);
  });

  it('has types that resolve for node16 and for bundlers', async () => {
    await writeFile(
      join(home, 'consumer.ts'),
      entries
        .map((entry, index) => `import * as entry${index} from '${entry}';\nvoid entry${index};`)
        .join('\n'),
    );
    for (const [module, resolution] of [
      ['node16', 'node16'],
      ['esnext', 'bundler'],
    ] as const) {
      const options = ['--noEmit', '--strict', '--target', 'es2024', '--lib', 'es2024,dom,esnext.disposable'];
      await run(
        bin('tsc'),
        [...options, '--module', module, '--moduleResolution', resolution, 'consumer.ts'],
        {
          cwd: home,
        },
      );
    }
  });

  it('runs as a command', async () => {
    const { stdout } = await run(join(home, 'node_modules', '.bin', 'tidemark'), ['--help'], { cwd: home });
    expect(stdout).toContain('restore');
  });

  it('takes a newcomer from the README to a store of their own, by the letter', async () => {
    const folder = join(home, 'newcomer');
    await mkdir(folder);
    await copyFile(tarball, join(folder, 'tidemark-0.1.0.tgz'));
    await writeFile(join(folder, 'embed.ts'), await blockOf('README.md', 'ts', 'PartitionBackupManager'));
    const env = {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
    };
    const install = await blockOf('README.md', 'sh', 'npm init');
    const embedded = await run('bash', ['-euc', install], { cwd: folder, env });
    expect(embedded.stdout).toMatch(/^COMPLETED$/m);

    const guide = 'docs/guides/write-a-store.md';
    await writeFile(join(folder, 'sqlite-storage.ts'), await blockOf(guide, 'ts', 'class SqliteStorage'));
    await writeFile(join(folder, 'sqlite-storage.test.ts'), await blockOf(guide, 'ts', 'describeContract'));
    const test = await blockOf(guide, 'sh', 'node --test');
    const tested = await run('bash', ['-euc', test], { cwd: folder, env });
    expect(tested.stdout).toMatch(/pass 1[0-9]$/m);
    expect(tested.stdout).toMatch(/fail 0$/m);
  }, 120_000);

  it('is clean for publint and for are-the-types-wrong', async () => {
    await run(bin('publint'), ['--strict', tarball], { cwd: root });
    await run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], { cwd: root });
  });

  it('carries no source, test or build secret', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const names = stdout.trim().split('\n');
    expect(
      names.filter((name) => !/^package\/(dist\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(name)),
    ).toEqual([]);
  });
});
