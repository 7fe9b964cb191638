// Finds the configuration file and reads the settings of this node.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { err, ok, type ResultAsync } from 'neverthrow';
import { loadSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import { InvalidConfiguration } from '../core/errors.ts';
import { fromAsync } from '../core/result.ts';
import type { CliSurroundings } from './cli-io.ts';

/** Where a configuration is looked for when none is named. The first one that exists is taken. */
const USUAL_FILES = ['application.yaml', 'config/application.yaml'];

/** The settings from the file named, or a usual one, and the environment. Warnings go to stderr. */
export function readSettings(
  { io, env }: CliSurroundings,
  config: string | undefined,
): ResultAsync<Settings, InvalidConfiguration> {
  return fromAsync<Settings, InvalidConfiguration>(async () => {
    const yaml = await findYaml(io.directory, config);
    if (yaml instanceof InvalidConfiguration) return err(yaml);
    const settings = loadSettings({ yaml, env });
    if (settings.isErr()) return err(settings.error);
    for (const warning of settings.value.warnings) io.stderr.write(`tidemark: warning: ${warning}\n`);
    return ok({ ...settings.value, dataDirectory: resolve(io.directory, settings.value.dataDirectory) });
  });
}

async function findYaml(directory: string, config: string | undefined) {
  for (const source of config === undefined ? USUAL_FILES : [config]) {
    try {
      return { text: await readFile(resolve(directory, source), 'utf8'), source };
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
      if (config === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) continue;
      return new InvalidConfiguration([`${source}: it cannot be read (${code}); name another with --config`]);
    }
  }
  return undefined;
}
