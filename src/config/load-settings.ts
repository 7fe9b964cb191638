// From the text of a configuration file and the environment to settings. Pure: it reads no file and no
// process.
import { err, ok, type Result } from 'neverthrow';
import { InvalidConfiguration } from '../core/errors.ts';
import { buildSettings, misfits } from './build-settings.ts';
import { environmentValues } from './environment-values.ts';
import { readFixedPartitions } from './fixed-partitioning.ts';
import type { Environment } from './placeholder.ts';
import { readValues } from './read-values.ts';
import type { SettingValues } from './setting-keys.ts';
import type { Settings } from './settings.ts';
import { unknownKeyWarnings } from './unknown-keys.ts';
import { yamlValues } from './yaml-values.ts';

/** Where settings come from. */
export interface SettingsSources {
  /** The text of a Zeebe `application.yaml`, and its name for messages. */
  readonly yaml?: { readonly text: string; readonly source: string } | undefined;
  /** The environment variables, such as `process.env`. They win over the YAML. */
  readonly env: Environment;
}

/**
 * Reads the settings by Zeebe's keys and Spring's relaxed binding. See docs/reference/configuration.md for
 * all keys. The error lists every problem at once, each with its key and where the value came from, and
 * never a secret.
 */
export function loadSettings({ yaml, env }: SettingsSources): Result<Settings, InvalidConfiguration> {
  const fromYaml =
    yaml === undefined ? { values: [], problems: [] } : yamlValues(yaml.text, yaml.source, env);
  const fromEnvironment = environmentValues(env);
  const sources = [fromEnvironment, fromYaml.values];
  const read = readValues(sources);
  const fixed = readFixedPartitions(sources, read.values);
  // While the YAML cannot be read, what it lacks says nothing.
  const fit = fromYaml.problems.length === 0 ? [...misfits(read), ...fixed.problems] : [];
  const problems = [...fromYaml.problems, ...read.problems, ...fit];
  if (problems.length > 0) return err(new InvalidConfiguration(problems));
  const warnings = unknownKeyWarnings(sources.flat());
  // Without a problem every setting has been read: only those that may be absent are.
  return ok(buildSettings(read.values as SettingValues, fixed.partitions, warnings));
}
