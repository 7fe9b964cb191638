// The table is the architecture: which folder may import which, and which packages.
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, type SourceFile, sourceFile, sourceTree } from './source-tree.ts';

const ENGINES = ['checkpoint', 'partition', 'cluster', 'restore', 'retention', 'schedule'];
const BELOW_ADAPTERS = ['core', 'ports'];

/** Folder -> the folders it may import besides itself, and its packages. Entries and the CLI wire all together. */
const TABLE: Record<string, { folders: readonly string[]; packages: readonly string[] }> = {
  core: { folders: [], packages: ['neverthrow'] },
  ports: { folders: ['core'], packages: ['neverthrow'] },
  checkpoint: { folders: BELOW_ADAPTERS, packages: ['neverthrow'] },
  partition: { folders: BELOW_ADAPTERS, packages: ['neverthrow', 'p-limit'] },
  cluster: { folders: BELOW_ADAPTERS, packages: ['neverthrow', 'p-limit'] },
  restore: { folders: BELOW_ADAPTERS, packages: ['neverthrow', 'p-limit'] },
  retention: { folders: BELOW_ADAPTERS, packages: ['neverthrow', 'p-limit'] },
  schedule: { folders: BELOW_ADAPTERS, packages: ['neverthrow', 'p-limit'] },
  objects: {
    folders: [...BELOW_ADAPTERS, 'runtime'],
    packages: [
      'neverthrow',
      'p-limit',
      '@aws-sdk/client-s3',
      'node:fs',
      'node:fs/promises',
      'node:path',
      'node:crypto',
      // The connections to an S3 server, and what comes in over them.
      'node:http',
      'node:https',
      'node:net',
      'node:stream',
      // The thread that the requests are made on.
      'node:worker_threads',
    ],
  },
  zeebe: {
    folders: [...BELOW_ADAPTERS, 'runtime'],
    packages: ['neverthrow', '@node-rs/crc32', 'lossless-json', 'node:fs', 'node:fs/promises', 'node:path'],
  },
  stores: {
    folders: [...BELOW_ADAPTERS, 'objects', 'runtime', 'zeebe'],
    packages: ['neverthrow', 'p-limit', 'lossless-json', 'node:crypto', 'node:stream', 'node:zlib', 'zod'],
  },
  runtime: {
    folders: BELOW_ADAPTERS,
    packages: [
      'neverthrow',
      'croner',
      'node:fs',
      'node:fs/promises',
      'node:path',
      'node:crypto',
      'node:os',
      'node:perf_hooks',
      'node:timers/promises',
      'node:worker_threads',
    ],
  },
  management: {
    folders: BELOW_ADAPTERS,
    packages: ['neverthrow', 'lossless-json', 'srvx/node', 'node:http', 'node:crypto', 'node:net'],
  },
  config: { folders: [...BELOW_ADAPTERS, 'runtime', 'stores'], packages: ['neverthrow', 'yaml', 'zod'] },
  telemetry: { folders: BELOW_ADAPTERS, packages: ['neverthrow', '@opentelemetry/api'] },
  testkit: {
    folders: [...BELOW_ADAPTERS, 'objects'],
    packages: [
      'neverthrow',
      'node:assert',
      'node:assert/strict',
      'node:crypto',
      // The S3 server that misbehaves: on loopback, in memory, and it compresses what nobody asked to be.
      'node:http',
      'node:net',
      'node:zlib',
    ],
  },
};

function offences(file: SourceFile): string[] {
  const folder = folderOf(file.path);
  if (folder === 'entry' || folder === 'cli') return [];
  const allowed = TABLE[folder];
  if (allowed === undefined) return [`${file.path}: the folder ${folder} is not in the table`];
  return file.imports.flatMap((name) => {
    if (!name.startsWith('.')) {
      return allowed.packages.includes(name) ? [] : [`${file.path} imports the package ${name}`];
    }
    const target = folderOf(posix.normalize(posix.join(posix.dirname(file.path), name)));
    return target === folder || allowed.folders.includes(target) ? [] : [`${file.path} imports ${target}`];
  });
}

/** Import cycles among files that exist at run time or in types alone: neither is wanted. */
function cycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.normalize(posix.join(posix.dirname(file.path), name))),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

describe('boundaries', () => {
  const files = sourceTree();

  it('every import is in the table', () => {
    expect(files.flatMap(offences)).toEqual([]);
  });

  it('there are no import cycles', () => {
    expect(cycles(files)).toEqual([]);
  });

  it('ports emit no JavaScript', () => {
    const emitting = files.filter(
      (file) => folderOf(file.path) === 'ports' && /^export (const|function|class|let)/m.test(file.text),
    );
    expect(emitting.map((file) => file.path)).toEqual([]);
  });

  it('one file alone imports the AWS SDK', () => {
    const importers = files.filter((file) => file.imports.some((name) => name.startsWith('@aws-sdk/')));
    expect(importers.map((file) => file.path)).toHaveLength(1);
  });

  it('the API of OpenTelemetry is imported by the telemetry alone', () => {
    const importers = files.filter((file) => file.imports.some((name) => name.startsWith('@opentelemetry/')));
    expect(importers.length).toBeGreaterThan(0);
    expect([...new Set(importers.map((file) => folderOf(file.path)))]).toEqual(['telemetry']);
  });

  it('the testkit is free of the AWS SDK, whatever it imports', () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const name of byPath.get(path)?.imports ?? []) {
        visit(name.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), name)) : name);
      }
    };
    visit('testkit.ts');
    expect(reached).toContain('node:http');
    expect([...reached].filter((name) => name.startsWith('@aws-sdk/'))).toEqual([]);
  });

  it('catches planted offences', () => {
    expect(offences(sourceFile('partition/x.ts', "import '../cluster/y.ts';"))).toHaveLength(1);
    expect(offences(sourceFile('core/x.ts', "import type { A } from '../ports/y.ts';"))).toHaveLength(1);
    expect(offences(sourceFile('restore/x.ts', "import fs from 'node:fs';"))).toHaveLength(1);
    expect(offences(sourceFile('management/x.ts', "import '../restore/y.ts';"))).toHaveLength(1);
    expect(offences(sourceFile('somewhere/x.ts', ''))).toHaveLength(1);
    expect(
      offences(sourceFile('partition/x.ts', "import '../core/y.ts'; import pLimit from 'p-limit';")),
    ).toEqual([]);
    for (const engine of ENGINES) {
      expect(offences(sourceFile(`${engine}/x.ts`, "import '../objects/y.ts';"))).toHaveLength(1);
    }
    const loop = [sourceFile('core/a.ts', "import './b.ts';"), sourceFile('core/b.ts', "import './a.ts';")];
    expect(cycles(loop)).toHaveLength(1);
  });
});
