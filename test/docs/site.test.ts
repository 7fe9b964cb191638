// The site that `npm run docs` builds: without a warning, with every guide in it, and no link that leads nowhere.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokenInSite, headingAnchors } from './site-links.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
let site: string;
let told: string;

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'tidemark-site-'));
  const { stdout, stderr } = await run(process.execPath, [
    join(root, 'node_modules/typedoc/bin/typedoc'),
    ...['--options', join(root, 'typedoc.json'), '--out', site],
  ]);
  told = stdout + stderr;
}, 120_000);

afterAll(() => rm(site, { recursive: true, force: true }));

it('builds without a warning', () => {
  expect(told).not.toMatch(/warning|error/i);
});

it('holds every document, under the name of its first heading', async () => {
  const navigation = await readdir(join(site, 'documents'));
  const paths = await readdir(join(root, 'docs'), { recursive: true });
  const documents = paths.filter((path) => path.endsWith('.md') && !path.startsWith('api/'));
  expect(navigation).toHaveLength(documents.length);
  for (const path of documents) {
    const title = /^# (.+)$/m.exec(await readFile(join(root, 'docs', path), 'utf8'))?.[1];
    expect(title, path).toBeDefined();
    expect(navigation, path).toContain(`${title?.replace(/[^\w.,-]/g, '_')}.html`);
  }
});

it('opens with a picture of the whole', async () => {
  const start = await readFile(join(site, 'index.html'), 'utf8');
  expect(start).toMatch(/<img src="media\/overview\.svg"/);
});

it('has no link that leads nowhere', () => {
  expect(brokenInSite(site)).toEqual([]);
});

it('finds a planted one', async () => {
  const planted = join(site, 'planted.html');
  await writeFile(
    planted,
    '<a href="nowhere.html">a</a> <a href="index.html#nothing">b</a> <a href="index.html">c</a>',
  );
  expect(brokenInSite(site)).toEqual(['planted.html -> index.html#nothing', 'planted.html -> nowhere.html']);
  await rm(planted);
});

it('makes anchors as a forge does', () => {
  const made = headingAnchors(
    '# A `b`, c\n## A b c\n```sh\n# no heading\n```\n## A b c\n### x/y: [z](w.md)\n',
  );
  expect([...made]).toEqual(['a-b-c', 'a-b-c-1', 'a-b-c-2', 'xy-z']);
});
