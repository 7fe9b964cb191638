// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are among what is tested
import fc from 'fast-check';
import { loadSettings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';
import { FIXED_SETTINGS, SETTINGS } from '../../src/config/setting-keys.ts';
import { fuzzRuns } from '../support/fuzz.ts';

const keys = Object.values({ ...SETTINGS, ...FIXED_SETTINGS }).map(({ key }) =>
  key.replace('[i]', '[0]').replace('[j]', '[1]'),
);
const key = fc
  .constantFrom(...keys)
  .chain((known) =>
    fc.constantFrom(
      known,
      known.toUpperCase(),
      known.replaceAll('.', '_').toUpperCase(),
      known.slice(0, -1),
      known.slice(0, known.lastIndexOf('.')),
    ),
  );
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    'S3',
    'true',
    '-1',
    '1e9',
    'PT1S',
    '${A:${B}}',
    '${',
    '*',
    '&a',
    '!x',
    '|',
    '{',
    '[',
    '~',
  ),
  fc.integer().map(String),
);

describe('loadSettings on anything', () => {
  it('gives settings or problems, and no secret in either', () => {
    const entries = fc.array(fc.tuple(key, value), { maxLength: 12 });
    fc.assert(
      fc.property(entries, entries, fc.string(), (yaml, env, secret) => {
        const hidden = `s3cr3t${secret}`;
        const text = yaml.map(([name, given]) => `${name}: ${given}`).join('\n');
        const loaded = loadSettings({
          yaml: { text: `${text}\nzeebe.broker.data.backup.s3.secretKey: ${hidden}`, source: 'a.yaml' },
          env: { ...Object.fromEntries(env), ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: hidden },
        });
        const shown = loaded.isOk() ? JSON.stringify(loaded.value) : loaded.error.message;
        expect(shown).not.toContain('s3cr3t');
        if (loaded.isErr()) expect(loaded.error.problems.length).toBeGreaterThan(0);
      }),
      fuzzRuns(2_000),
    );
  });

  it('gives settings or problems for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const loaded = loadSettings({ yaml: { text, source: 'a.yaml' }, env: {} });
        if (loaded.isErr()) expect(loaded.error.name).toBe('InvalidConfiguration');
      }),
      fuzzRuns(2_000),
    );
  });
});
