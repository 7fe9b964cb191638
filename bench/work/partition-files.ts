// The files of a data set, by partition.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface PartitionFiles {
  readonly partitionId: number;
  readonly snapshot: readonly string[];
  readonly segments: readonly string[];
}

export function partitionFiles(directory: string): PartitionFiles[] {
  return readdirSync(directory)
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((partitionId) => ({
      partitionId,
      snapshot: paths(join(directory, String(partitionId), 'snapshot')),
      segments: paths(join(directory, String(partitionId), 'segments')),
    }));
}

function paths(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .toSorted()
    .map((name) => join(directory, name));
}

export function allPaths(directory: string): string[] {
  return partitionFiles(directory).flatMap(({ snapshot, segments }) => [...snapshot, ...segments]);
}

export function totalBytes(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}
