import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

// Tests and examples import the package by its name; here the name leads to the source.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^tidemark$/, replacement: source('index.ts') },
      { find: /^tidemark\/(.+)$/, replacement: source('$1.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
