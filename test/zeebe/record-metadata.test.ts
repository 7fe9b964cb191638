import { describe, expect, it } from 'vitest';
import { parseRecordMetadata } from '../../src/zeebe/journal/record-metadata.ts';

function metadata(hex: string) {
  return parseRecordMetadata(Buffer.from(hex.replaceAll(' ', ''), 'hex'))._unsafeUnwrap();
}

describe('record metadata', () => {
  it('tells the broker that wrote the record', () => {
    // As a Zeebe 8.6.0 wrote it.
    const real =
      '2800c80000000500 01 01000000 0000801506202807 0500 04 00 080000000600000000000000 000100ffffffffffffffffff00000000';
    expect(metadata(real)).toMatchObject({ recordType: 'COMMAND', valueType: 4, brokerVersion: '8.6.0' });
  });

  it('does without where none was written', () => {
    const zeros = `2800c80000000500 01 01000000 0000801506202807 0500 04 00 ${'00'.repeat(23)}`;
    expect(metadata(zeros)).not.toHaveProperty('brokerVersion');
    expect(metadata(`1100c80000000100 01 01000000 0000801506202807 0500 04 00`)).toEqual({
      recordType: 'COMMAND',
      protocolVersion: 5,
      valueType: 4,
      intent: 0,
    });
  });
});
