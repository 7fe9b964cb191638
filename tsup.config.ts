import { defineConfig } from 'tsup';

/** ESM only: CommonJS output would give every entry its own copy of every class. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    s3: 'src/s3.ts',
    filesystem: 'src/filesystem.ts',
    memory: 'src/memory.ts',
    objects: 'src/objects.ts',
    zeebe: 'src/zeebe.ts',
    management: 'src/management.ts',
    config: 'src/config.ts',
    telemetry: 'src/telemetry.ts',
    testkit: 'src/testkit.ts',
    cli: 'src/cli/main.ts',
    // Programs of threads, not entries: each is started from its file.
    's3-thread': 'src/objects/s3/s3-thread.ts',
    'hash-thread': 'src/runtime/hash-thread.ts',
  },
  format: 'esm',
  target: 'node22',
  clean: true,
  sourcemap: true,
  // TypeScript 6 deprecates an option that tsup's types build sets itself.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
});
