// Bans with their replacements, and sizes. Each rule is shown to catch a planted offence.
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { folderOf, type SourceFile, sourceFile, sourceTree } from './source-tree.ts';

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Where it is allowed: a folder or a file. */
  readonly except: readonly string[];
  readonly planted: string;
}

/** A program in a string, which runs in a browser: there are no ports there. */
const IN_BROWSER = 'management/status-page-script.ts';

const BANS: readonly Ban[] = [
  {
    pattern: /\bDate\.now\(/,
    instead: 'Clock.now()',
    except: ['runtime', IN_BROWSER],
    planted: 'Date.now()',
  },
  { pattern: /\bnew Date\(\)/, instead: 'Clock.now()', except: [], planted: 'new Date()' },
  {
    pattern: /\bperformance\.now\(/,
    instead: 'Clock.monotonic()',
    except: ['runtime'],
    planted: 'performance.now()',
  },
  { pattern: /\bMath\.random\(/, instead: 'Random.fraction()', except: [], planted: 'Math.random()' },
  {
    pattern: /\brandom(UUID|Bytes)\(/,
    instead: 'Random.hex()',
    except: ['runtime'],
    planted: 'randomUUID()',
  },
  {
    pattern: /\bset(Timeout|Interval|Immediate)\(/,
    instead: 'Clock.sleep()',
    except: ['runtime', 'testkit/manual-clock.ts', IN_BROWSER],
    planted: 'setTimeout(f, 1)',
  },
  {
    pattern: /\bAbortSignal\.timeout\(/,
    instead: 'startDeadline()',
    except: [IN_BROWSER],
    planted: 'AbortSignal.timeout(1)',
  },
  {
    pattern: /\bprocess\./,
    instead: 'what cli/main.ts passes in',
    except: ['cli/main.ts'],
    planted: 'process.env',
  },
  { pattern: /\bconsole\./, instead: 'Logger', except: [], planted: 'console.log(1)' },
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, instead: 'an issue', except: [], planted: '// TODO later' },
  { pattern: /:\s*any\b|\bas any\b|<any>/, instead: 'unknown', except: [], planted: 'let a: any' },
  { pattern: /\benum\s+\w+\s*\{/, instead: 'a union of literals', except: [], planted: 'enum A { B }' },
  { pattern: /@ts-(ignore|nocheck)/, instead: 'a type', except: [], planted: '// @ts-ignore' },
  { pattern: /\b_unsafeUnwrap/, instead: 'isErr()', except: ['testkit'], planted: 'r._unsafeUnwrap()' },
  {
    pattern: /Promise<Result</,
    instead: 'ResultAsync',
    except: ['core/result.ts', 'objects/s3/s3-upload.ts'],
    planted: 'a(): Promise<Result<A, B>>',
  },
];

/** `Promise<Result>` may appear inside one file, never in a signature that leaves it. */
const INTERNAL_PROMISE_OF_RESULT = /Promise<Result</;

function banned(file: SourceFile): string[] {
  const found: string[] = [];
  for (const ban of BANS) {
    if (ban.except.some((place) => place === folderOf(file.path) || place === file.path)) continue;
    file.text.split('\n').forEach((line, index) => {
      const isComment = /^\s*(\/\/|\*|\/\*)/.test(line);
      if (isComment && !/TODO|ts-/.test(ban.pattern.source)) return;
      if (
        ban.pattern.source === INTERNAL_PROMISE_OF_RESULT.source &&
        !/^export |^ {2}(?!#|readonly|private)\w+\(/.test(line)
      ) {
        return;
      }
      if (ban.pattern.test(line)) found.push(`${file.path}:${index + 1} use ${ban.instead}: ${line.trim()}`);
    });
  }
  return found;
}

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const LINE_LENGTH_MAX = 120;

function oversized(file: SourceFile): string[] {
  const found: string[] = [];
  const lines = file.text.split('\n');
  if (lines.length > FILE_LINES_MAX) found.push(`${file.path} has ${lines.length} lines`);
  lines.forEach((line, index) => {
    if (line.length > LINE_LENGTH_MAX) found.push(`${file.path}:${index + 1} has ${line.length} columns`);
  });
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const start = tree.getLineAndCharacterOfPosition(node.getStart()).line;
      const length = tree.getLineAndCharacterOfPosition(node.end).line - start + 1;
      if (length > FUNCTION_LINES_MAX)
        found.push(`${file.path}:${start + 1} is a function of ${length} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function headless(file: SourceFile): string[] {
  return /^(#!.*\n)?(\/\/|\/\*\*)/.test(file.text) ? [] : [`${file.path} does not open with what it is for`];
}

function badlyNamed(file: SourceFile): string[] {
  const name = file.path.split('/').at(-1) ?? '';
  if (!/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name)) return [`${file.path} is not in kebab-case`];
  return /^(utils?|helpers?|common|types|misc)\.ts$/.test(name) ? [`${file.path} says nothing`] : [];
}

describe('tidy', () => {
  const files = sourceTree();
  it('nothing banned is used', () => expect(files.flatMap(banned)).toEqual([]));
  it('files, functions and lines are small', () => expect(files.flatMap(oversized)).toEqual([]));
  it('every file opens with what it is for', () => expect(files.flatMap(headless)).toEqual([]));
  it('every file has a telling name', () => expect(files.flatMap(badlyNamed)).toEqual([]));

  it('half of the files are under 100 lines and nine in ten under 300', () => {
    const sizes = files.map((file) => file.text.split('\n').length).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length * 0.5)]).toBeLessThan(120);
    expect(sizes[Math.floor(sizes.length * 0.9)]).toBeLessThan(300);
  });

  it.each(BANS)('catches a planted $planted', ({ planted }) => {
    const text = planted.includes('Promise<Result') ? `  ${planted}` : `// head\n${planted}`;
    expect(banned(sourceFile('core/planted.ts', text))).not.toEqual([]);
  });

  it('catches planted sizes and names', () => {
    const long = `// head\nfunction f() {\n${'  f();\n'.repeat(80)}}\n`;
    expect(oversized(sourceFile('core/a.ts', long))).toHaveLength(1);
    expect(oversized(sourceFile('core/a.ts', 'a\n'.repeat(500)))).toHaveLength(1);
    expect(oversized(sourceFile('core/a.ts', 'a'.repeat(121)))).toHaveLength(1);
    expect(headless(sourceFile('core/a.ts', 'const a = 1;'))).toHaveLength(1);
    expect(badlyNamed(sourceFile('core/utils.ts', ''))).toHaveLength(1);
    expect(badlyNamed(sourceFile('core/fooBar.ts', ''))).toHaveLength(1);
  });
});
