// `npm ci` refuses a lockfile that leaves out a package that another one names, be it for a platform that nobody
// here has. `npm install` may leave some out without a word, so this is held here.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

it('locks every package that another one names, for all platforms', async () => {
  const text = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
  const packages = (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;
  const missing = Object.entries(packages).flatMap(
    ([path, { dependencies, devDependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
        (name) => !places(path).some((place) => `${place}node_modules/${name}` in packages),
      ),
  );
  expect(missing).toEqual([]);
});

/** Where Node looks for what the package at this path needs: below it, and below each folder above. */
function places(path: string): string[] {
  const parts = path === '' ? [] : path.split('/node_modules/');
  return [...parts.map((_, at) => `${parts.slice(0, at + 1).join('/node_modules/')}/`), ''];
}
