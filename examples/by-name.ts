// Lets the examples import the package by its name, as its users do, straight from the source and without a build:
// `node --import ./examples/by-name.ts ...`. In your own project there is nothing like this to write.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const entry = /^tidemark(?:\/([a-z0-9-]+))?$/.exec(specifier);
    if (entry === null) return nextResolve(specifier, context);
    return nextResolve(new URL(`../src/${entry[1] ?? 'index'}.ts`, import.meta.url).href, context);
  },
});
