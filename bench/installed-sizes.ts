// What the packages that a user installs with this one take on disk, those that are alike together: `node bench/installed-sizes.ts` prints a table.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = new URL('..', import.meta.url).pathname;
const MODULES = join(ROOT, 'node_modules');

/** Where production packages live; a package inside another one counts to that one. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => dev !== true && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
    .map(([path]) => join(ROOT, path))
    .filter((path) => existsSync(path));
}

function bytesUnder(path: string): number {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

function groupOf(path: string): string {
  const name = relative(MODULES, path);
  if (/^@(aws-sdk|smithy|aws-crypto|aws)\//.test(name)) return 'the AWS SDK: @aws-sdk, @smithy, @aws-crypto';
  if (name.startsWith('@node-rs/')) return '@node-rs/crc32 and its binary of this platform';
  return name;
}

/** A table of sizes, largest first, and their sum. In MiB of file contents, not of blocks. */
function installedSizes(): string {
  const groups = Map.groupBy(productionPackages(), groupOf);
  const rows = [...groups].map(([name, paths]) => ({
    name,
    packages: paths.length,
    bytes: paths.reduce((sum, path) => sum + bytesUnder(path), 0),
  }));
  const row = (name: string, packages: number, bytes: number) =>
    `| ${name} | ${packages} | ${(bytes / 2 ** 20).toFixed(2)} MiB |`;
  const all = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const count = rows.reduce((sum, { packages }) => sum + packages, 0);
  return [
    '| installed with it | packages | files have |',
    '| --- | --- | --- |',
    ...rows.toSorted((a, b) => b.bytes - a.bytes).map((each) => row(each.name, each.packages, each.bytes)),
    row('all', count, all),
  ].join('\n');
}

console.log(installedSizes());
