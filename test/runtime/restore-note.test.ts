import { expect, it } from 'vitest';
import { checkpointId, INT64_MAX, logPosition } from '../../src/core/ids.ts';
import { parseRestoreNote, restoreNote } from '../../src/runtime/restore-note.ts';
import { sampleOrigin } from '../restore/sample-backups.ts';

it.each([
  ['of a backup', sampleOrigin()],
  ['of a point in time', sampleOrigin({ time: '2026-11-24T06:00:00Z', checkpointId: checkpointId(6) })],
  ['of a cluster with a name', sampleOrigin({ clusterId: 'köln "1"' })],
  ['of a node without partitions', sampleOrigin({ partitions: [] })],
  [
    'with the largest numbers',
    sampleOrigin({
      backupId: checkpointId(INT64_MAX),
      partitions: [{ partitionId: 8191, nodeId: 1, position: logPosition(INT64_MAX) }],
    }),
  ],
])('a note %s gives back what was noted', (_, origin) => {
  expect(parseRestoreNote(restoreNote(origin))).toEqual(origin);
});

const note = restoreNote(sampleOrigin());

it.each([
  ['nothing', ''],
  ['zeros', '\0'.repeat(200)],
  ['a part of one', note.slice(0, -20)],
  ['no object', 'null'],
  ['another version', note.replace('"version": 1', '"version": 2')],
  ['an id that is none', note.replace('"backupId": "7"', '"backupId": "-7"')],
  ['an id that was rounded', note.replace('"backupId": "7"', '"backupId": 7.5')],
  ['no partitions', note.replace('"partitions"', '"others"')],
  ['a partition that is none', note.replace('"position": "101"', '"position": "x"')],
  ['no partition at all', note.replace(/"partitions": \[[\s\S]*\]/, '"partitions": [null]')],
  ['a time that is none', note.replace('"restoredAt"', '"time": 5, "restoredAt"')],
])("is nobody's word: %s", (_, text) => {
  expect(text).not.toBe(note);
  expect(parseRestoreNote(text)).toBeUndefined();
});
