// What the documents show must be what runs.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { headingAnchors } from './site-links.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');

async function documents(): Promise<string[]> {
  const docs = await readdir(join(root, 'docs'), { recursive: true });
  const examples = await readdir(join(root, 'examples'), { recursive: true });
  return [
    'README.md',
    'CHANGELOG.md',
    ...docs.filter((path) => !path.startsWith('api/')).map((path) => `docs/${path}`),
    ...examples.map((path) => `examples/${path}`),
  ].filter((path) => path.endsWith('.md'));
}

describe('README', () => {
  it('shows the embed example as it is', async () => {
    const example = (await read('examples/embed/embed.ts')).trimEnd();
    expect(await read('README.md')).toContain(`\`\`\`ts\n${example}\n\`\`\``);
  });

  it('shows an example that runs, on the built package', async () => {
    const { stdout } = await run(process.execPath, ['examples/embed/embed.ts'], { cwd: root });
    expect(stdout).toBe('COMPLETED\n');
  });

  it('names only npm scripts that exist', async () => {
    const scripts = (JSON.parse(await read('package.json')) as { scripts: Record<string, string> }).scripts;
    for (const path of await documents()) {
      for (const [, name] of (await read(path)).matchAll(/npm run ([\w:-]+)/g)) {
        expect(Object.keys(scripts), path).toContain(name);
      }
    }
  });
});

describe('documents', () => {
  it('link only to files that exist', async () => {
    const broken: string[] = [];
    for (const path of await documents()) {
      for (const [, target] of (await read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (target === undefined || /^(https?:|#)/.test(target)) continue;
        const file = join(root, dirname(path), target.replace(/#.*$/, ''));
        if (!existsSync(file)) broken.push(`${path} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('link only to headings that exist, and show only pictures that do', async () => {
    const broken: string[] = [];
    for (const path of await documents()) {
      const text = await read(path);
      const targets = [...text.matchAll(/\]\(([^)\s]+)\)|\s(?:src|srcset|href)="([^"]+)"/g)].map(
        ([, link, attribute]) => link ?? attribute ?? '',
      );
      for (const target of targets.filter((each) => !/^https?:/.test(each))) {
        const [file = '', anchor] = target.split('#');
        const place = file === '' ? path : join(dirname(path), file);
        if (!existsSync(join(root, place))) broken.push(`${path} -> ${target}`);
        else if (anchor !== undefined && !headingAnchors(await read(place)).has(anchor)) {
          broken.push(`${path} -> ${target}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  it('are all named in the README', async () => {
    const text = await read('README.md');
    const guides = (await documents()).filter((path) => /^docs\/(?!decisions)/.test(path));
    expect(guides.length).toBeGreaterThan(10);
    expect(guides.filter((path) => !text.includes(`](${path}`))).toEqual([]);
  });

  it('point only to source files that exist', async () => {
    const broken: string[] = [];
    for (const path of await documents()) {
      for (const [, target] of (await read(path)).matchAll(/`((?:src|examples|test)\/[\w./-]+)`/g)) {
        if (target !== undefined && !existsSync(join(root, target))) broken.push(`${path} -> ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});
