// Reads the source once for the architecture tests.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One source file: its path from `src/`, its text, and what it imports. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

export const SOURCE_ROOT = fileURLToPath(new URL('../../src/', import.meta.url));

export function sourceFile(path: string, text: string): SourceFile {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return { path, text, imports: importedFiles.map((file) => file.fileName) };
}

export function sourceTree(): SourceFile[] {
  return readdirSync(SOURCE_ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => sourceFile(path, readFileSync(`${SOURCE_ROOT}${path}`, 'utf8')));
}

/** The folder a file lives in; an entry at the top of `src/` counts as the folder `entry`. */
export function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : 'entry';
}
