import { newestCompletedBackup } from 'tidemark';
import { expect, it } from 'vitest';
import { listing, rowsOf } from './point-samples.ts';

const newest = async (rows: Parameters<typeof listing>[0]) =>
  (await newestCompletedBackup(listing(rows), { partitionsCount: 2 }))._unsafeUnwrap();

it('the newest backup that is completed counts, on every partition and whoever took it', async () => {
  const nine = rowsOf(9, [{ id: 9 }]);
  const failed = { ...nine[1]!, statusCode: 'FAILED' as const };
  expect(await newest([])).toBeUndefined();
  expect(await newest([...rowsOf(5, [{ id: 5 }]), ...nine])).toBe(9n);
  expect(await newest([...rowsOf(5, [{ id: 5 }]), nine[0]!])).toBe(5n);
  expect(await newest([...rowsOf(5, [{ id: 5 }]), nine[0]!, failed])).toBe(5n);
  const byAnother = { ...nine[1]!, id: { ...nine[1]!.id, nodeId: 3 } };
  expect(await newest([nine[0]!, failed, byAnother])).toBe(9n);
});

it('goes on to further pages', async () => {
  const halves = Array.from({ length: 150 }, (_, index) => rowsOf(index + 10, [{ id: index + 10 }])[0]!);
  expect(await newest([...rowsOf(5, [{ id: 5 }]), ...halves])).toBe(5n);
});
