// Every TypeScript block of the documents type-checks against the package as it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a block may use without saying where it is from: the reader has it, or was told of it before. */
const KNOWN: Readonly<Record<string, string>> = {
  openMyStorage: "declare function openMyStorage(): import('tidemark').ObjectStorage;",
  store: "declare const store: import('tidemark').BackupStore;",
  source: "declare const source: import('tidemark').PartitionSource;",
  topology: "declare const topology: import('tidemark').Topology;",
  partitions: "declare const partitions: import('tidemark').PartitionBackupClient;",
  logger: "declare const logger: import('tidemark').Logger;",
  backups: "declare const backups: import('tidemark/management').BackupOperations;",
  bearerToken: 'declare const bearerToken: string;',
  state: "declare const state: import('tidemark').CheckpointStateStore;",
  signal: 'declare const signal: AbortSignal;',
  show: 'declare function show(share: number): void;',
  nodeId: 'declare const nodeId: number;',
  partitionId: 'declare const partitionId: number;',
  numberOfPartitions: 'declare const numberOfPartitions: number;',
  brokerVersion: 'declare const brokerVersion: string;',
  term: 'declare const term: bigint;',
  openMyTarget:
    "declare const openMyTarget: () => Promise<import('tidemark/testkit').ContractSubject<" +
    "import('tidemark/testkit').RestoreTargetContext>>;",
  ...Object.fromEntries(
    ['PartitionBackupManager', 'ClusterBackups', 'systemClock'].map((name) => [
      name,
      `import { ${name} } from 'tidemark';`,
    ]),
  ),
  ...Object.fromEntries(
    ['managementHandler', 'startManagementServer'].map((name) => [
      name,
      `import { ${name} } from 'tidemark/management';`,
    ]),
  ),
};

interface Block {
  readonly place: string;
  readonly text: string;
}

function blocks(): Block[] {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('api/'))
    .map((path) => `docs/${path}`);
  return [...pages, 'README.md'].flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, text = ''], at) => ({
        place: `${page} block ${at + 1}`,
        text: text.replaceAll("'./sqlite-storage.ts'", "'../examples/store/sqlite-storage.ts'"),
      }),
    ),
  );
}

function withWhatIsKnown(text: string): string {
  const missing = Object.entries(KNOWN).filter(([name]) => {
    const isUsed = new RegExp(`(?<![.'\\w])${name}\\b`).test(text);
    const isDeclared = new RegExp(`(const|let) ${name}\\b|import[^;]*\\b${name}\\b[^;]* from`).test(text);
    return isUsed && !isDeclared;
  });
  return `export {};\n${missing.map(([, declaration]) => declaration).join('\n')}\n${text}`;
}

it('type-checks every block', () => {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const files = new Map(
    blocks().map(({ place, text }) => [
      join(ROOT, 'docs', `${place.replace(/\W+/g, '-')}.ts`),
      withWhatIsKnown(text),
    ]),
  );
  expect(files.size).toBeGreaterThan(5);
  const relaxed = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(relaxed);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile(path, language, ...rest)
      : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...files.keys()], relaxed, host);
  const problems = [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) =>
        `${path.slice(ROOT.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
  expect(problems).toEqual([]);
});
