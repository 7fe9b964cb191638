import { expect, it } from 'vitest';
import { saveCopies } from '../../src/cli/save-copies.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { zeebePlace } from '../stores/zeebe/zeebe-place.ts';
import { zeebeBackup } from './zeebe-world.ts';

it('of two runs at once the second is told to come again, and not to take another id', async () => {
  const { node } = zeebePlace();
  const options = {
    signal: new AbortController().signal,
    onProgress: () => {},
    isWriterGone: false,
    leftBehind: 'A test.',
    ifUnderWay: 'wait',
  };
  const runs = await Promise.all(
    [node(), node()].map(({ store }) => saveCopies(store, checkpointId(7), [zeebeBackup(1)], options)),
  );
  const errors = runs.flatMap((run) => (run.isErr() ? [run.error] : []));
  expect(errors).toMatchObject([{ name: 'BackupAlreadyExists', statusCode: 'IN_PROGRESS' }]);
  expect(errors[0]?.message).toContain('run this again later');
});
