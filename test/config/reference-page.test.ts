import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  environmentVariable,
  FIXED_SETTINGS,
  SETTINGS,
  type Setting,
} from '../../src/config/setting-keys.ts';

const PAGE = readFileSync(new URL('../../docs/reference/configuration.md', import.meta.url), 'utf8');

function row({ key, type, fallback, meaning }: Setting<unknown>): string {
  const byDefault = fallback === null ? 'unset' : `\`${fallback}\``;
  return `| \`${key}\`<br>\`${environmentVariable(key)}\` | ${type.label} | ${byDefault} | ${meaning} |`;
}

it('the page has one row per setting, as the code has it', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.sort()).toEqual([...Object.values(SETTINGS), ...Object.values(FIXED_SETTINGS)].map(row).sort());
});
