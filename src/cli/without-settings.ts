// For commands with more than one configuration: the environment without what would set the same key in each.
import { environmentValues } from '../config/environment-values.ts';
import type { Environment } from '../config/placeholder.ts';

/** The variables that name no setting. */
export function withoutSettings(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name, text]) => environmentValues({ [name]: text }).length === 0),
  );
}
