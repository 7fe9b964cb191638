// A dropped Result is an error that nobody sees. Walks the program with the type checker.
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { SOURCE_ROOT, sourceTree } from './source-tree.ts';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: ['node'],
};

function droppedResults(program: ts.Program, paths: readonly string[]): string[] {
  const checker = program.getTypeChecker();
  const found: string[] = [];
  for (const path of paths) {
    const tree = program.getSourceFile(path);
    if (tree === undefined) throw new Error(`not in the program: ${path}`);
    const visit = (node: ts.Node) => {
      if (ts.isExpressionStatement(node) && !ts.isBinaryExpression(node.expression)) {
        const type = checker.typeToString(checker.getTypeAtLocation(node.expression));
        if (/^(ResultAsync|Result|Ok|Err|Promise<Result)\b/.test(type)) {
          const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
          found.push(`${path.replace(SOURCE_ROOT, '')}:${line + 1} drops a ${type}`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found;
}

describe('results are used', () => {
  it('no statement drops a Result', () => {
    const paths = sourceTree().map((file) => `${SOURCE_ROOT}${file.path}`);
    expect(droppedResults(ts.createProgram(paths, OPTIONS), paths)).toEqual([]);
  });

  it('catches a planted one', () => {
    const planted = `${SOURCE_ROOT}planted.ts`;
    const host = ts.createCompilerHost(OPTIONS);
    const read = host.getSourceFile.bind(host);
    const text =
      "import { errAsync } from 'neverthrow';\nasync function f() { await errAsync(1); errAsync(2); }\nf();";
    host.getSourceFile = (name, target) =>
      name === planted ? ts.createSourceFile(name, text, target) : read(name, target);
    host.fileExists = (name) => name === planted || ts.sys.fileExists(name);
    expect(droppedResults(ts.createProgram([planted], OPTIONS, host), [planted])).toHaveLength(2);
  });
});
