import fc from 'fast-check';
import { parseCheckpointId } from 'tidemark';
import { describe, expect, it } from 'vitest';

describe('parseCheckpointId', () => {
  it.each(['1', ' 7 ', '0042', '9007199254740993', '9223372036854775807'])('takes %j', (text) => {
    expect(parseCheckpointId(text)._unsafeUnwrap()).toBe(BigInt(text));
  });

  const nonsense = [
    '',
    ' ',
    '0',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    '9223372036854775808',
    'abc',
    '1 2',
    '١',
    'null',
  ];
  it.each(nonsense)('refuses %j', (text) => {
    expect(parseCheckpointId(text)._unsafeUnwrapErr()).toMatchObject({
      name: 'InvalidInput',
      field: 'backupId',
    });
  });

  it('never throws, and shows no more than a glimpse of what came', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5000 }), (text) => {
        const parsed = parseCheckpointId(text);
        if (parsed.isErr()) expect(parsed.error.message.length).toBeLessThan(150);
      }),
    );
  });
});
