// Whatever lies in a bucket of Zeebe's layout, it is taken or refused with an error of its own; what is taken can be
// written again and reads the same.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupId } from '../../../src/core/backup.ts';
import { checkpointId } from '../../../src/core/ids.ts';
import { fromDecimalSeconds, fromIsoText, toDecimalSeconds } from '../../../src/stores/zeebe/instant.ts';
import { manifestKey, parseManifestKey, placeOf } from '../../../src/stores/zeebe/keys.ts';
import { encodeManifest } from '../../../src/stores/zeebe/manifest.ts';
import { parseManifest } from '../../../src/stores/zeebe/parse-manifest.ts';
import { contentSize } from '../../../src/stores/zeebe/zstd.ts';
import { sampleBackup } from '../../../src/testkit/sample-backups.ts';
import { brokenBytes, brokenJson, brokenText, fuzz, fuzzAsync } from '../../support/fuzz.ts';
import { keys } from '../damage.ts';
import { zeebePlace } from './zeebe-place.ts';

const NAMES = [
  'completed-8.6.0',
  'completed-nosnapshot-8.6.0',
  'failed-8.1.27',
  'failed-8.6.0',
  'in-progress-8.6.0',
];
const samples = NAMES.map((name) => {
  const bytes = readFileSync(new URL(`fixtures/${name}.manifest`, import.meta.url));
  const text = bytes.toString('utf8');
  const { partitionId, checkpointId: checkpoint, nodeId } = JSON.parse(text).id;
  return { bytes, text, id: { partitionId, checkpointId: checkpointId(checkpoint), nodeId } };
});
const sample = fc.constantFrom(...samples);

function read(bytes: Uint8Array, id: BackupId) {
  const manifest = parseManifest(bytes, { object: 'the object', id });
  if (manifest.isErr()) {
    expect(manifest.error.name).toBe('BackupCorrupt');
    return 'refused';
  }
  for (const name of [...manifest.value.files.snapshot.keys(), ...manifest.value.files.segment.keys()]) {
    expect(name).not.toMatch(/[/\\\0]|^\.{0,2}$/);
  }
  const again = parseManifest(encodeManifest(manifest.value), { object: 'the object', id });
  expect(again._unsafeUnwrap()).toEqual(manifest.value);
  return 'taken';
}

describe('a manifest', () => {
  it('with bytes changed', () => {
    const broken = sample.chain(({ bytes, id }) => brokenBytes([bytes]).map((given) => ({ given, id })));
    fuzz(broken, 1_000, ({ given, id }) => read(given, id));
  });

  it('with values changed', () => {
    const broken = sample.chain(({ text, id }) => brokenJson([text]).map((given) => ({ given, id })));
    fuzz(broken, 3_000, ({ given, id }) => read(new TextEncoder().encode(given), id));
  });
});

it('an instant comes back as it was, or is none', () => {
  const instants = ['1795483049.898274054', '0', '253402300799.999999999', '2026-01-01T00:00:00.123Z'];
  fuzz(brokenText([...instants, '2023-11-14T22:13:25.120000001Z']), 2_000, (text) => {
    const instant = fromDecimalSeconds(text) ?? fromIsoText(text);
    if (instant === undefined) return 'refused';
    expect(fromDecimalSeconds(toDecimalSeconds(instant))).toBe(instant);
    return 'taken';
  });
});

it.each([
  ['0023-11-14T22:13:25.12Z', undefined],
  ['1969-12-31T23:59:59.999Z', undefined],
  ['2026-02-30T00:00:00Z', '2026-03-02T00:00:00.000Z'],
  ['2026-01-01T24:00:00.5Z', '2026-01-02T00:00:00.500Z'],
  ['2026-13-01T00:00:00Z', undefined],
])('the text %s is the instant %s', (text, instant) => {
  expect(fromIsoText(text)).toBe(instant);
});

it('a key that is read is the only one that reads so', () => {
  fuzz(
    brokenText(['1/7/0/manifest.json', 'manifests/3/9223372036854775807/12/manifest.json']),
    2_000,
    (key) => {
      const id = parseManifestKey(key);
      if (id === undefined) return 'refused';
      expect(manifestKey(key.startsWith('manifests/') ? 'split' : 'flat', id)).toBe(key);
      return 'taken';
    },
  );
});

it('any version of a broker has a place', () => {
  fc.assert(
    fc.property(fc.oneof(brokenText(['8.9.0', '8.10.1-alpha2', '9.0.0']), fc.string()), (brokerVersion) => {
      expect(['flat', 'split']).toContain(placeOf({ brokerVersion }));
    }),
  );
});

it('the header of a compressed file tells a size or none', () => {
  const header = Buffer.from('28b52ffda42c0100005502', 'hex');
  fuzz(brokenBytes([header]), 1_000, (bytes) => {
    const size = contentSize(bytes);
    if (size !== undefined) expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
    return size === undefined ? 'refused' : 'taken';
  });
});

it('a store answers whatever its manifests say, and with an expected error where it cannot', async () => {
  const { memory, node, put } = zeebePlace();
  const { store } = node({ compression: 'zstd' });
  (await store.save(sampleBackup()))._unsafeUnwrap();
  const [key = ''] = (await keys(memory)).filter((name) => name.endsWith('manifest.json'));
  const whole = new TextDecoder().decode((await memory.get(key))._unsafeUnwrap());
  const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };
  await fuzzAsync(brokenJson([whole]), 300, async (text) => {
    await put(key, text);
    const answers = [
      await store.list({}),
      await store.open(id),
      await store.markFailed(id, 'because', { term: 4n }),
      await store.list({ partitionId: 1, details: true }),
    ];
    for (const answer of answers) {
      if (answer.isOk()) continue;
      expect(['BackupCorrupt', 'StoreFailure', 'InvalidBackupState']).toContain(answer.error.name);
    }
    return answers.every((answer) => answer.isOk()) ? 'taken' : 'refused';
  });
  await store.close();
});
