import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCheckpointRecord } from '../../src/zeebe/journal/checkpoint-record.ts';
import { parseRaftEntry } from '../../src/zeebe/journal/raft-entry.ts';
import { parseRecordBatch } from '../../src/zeebe/journal/record-batch.ts';
import { parseSegmentDescriptor, withoutHints } from '../../src/zeebe/journal/segment-descriptor.ts';
import { segmentNumber, segmentsInOrder } from '../../src/zeebe/journal/segment-name.ts';
import { readSegment, type SegmentPart } from '../../src/zeebe.ts';
import { buildSegment } from './build-log.ts';
import { FIRST, inPieces } from './sample-partition.ts';

const unhex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

async function partsOf(bytes: Uint8Array, size = 4096): Promise<SegmentPart[]> {
  const parts: SegmentPart[] = [];
  for await (const part of readSegment(inPieces(bytes, size))) parts.push(part);
  return parts;
}

describe('segment descriptor', () => {
  // A sealed first segment of 256 bytes that Zeebe's journal wrote.
  const sealed = unhex(`02 0800040007000200 db0af7ec00000000 2000030007000200 0100000000000000
    0100000000000000 00010000 0200000000000000 80000000`);
  // The second one, before and after Zeebe cut the journal behind its first record.
  const full = unhex(`02 0800040007000200 cb704b7c00000000 2000030007000200 0200000000000000
    0300000000000000 00010000 0400000000000000 80000000`);
  const cut = unhex(`02 0800040007000200 34e92ceb00000000 2000030007000200 0200000000000000
    0300000000000000 00010000 0000000000000000 00000000`);

  it('reads what Zeebe wrote', () => {
    expect(parseSegmentDescriptor(sealed)._unsafeUnwrap()).toEqual({
      schemaVersion: 2,
      id: 1n,
      index: 1n,
      maxSegmentSize: 256,
      lastIndex: 2n,
      lastPosition: 0x80,
      lengthBytes: 57,
    });
  });

  it('takes the hints back as Zeebe does when it cuts a journal', () => {
    expect(parseSegmentDescriptor(full).isOk()).toBe(true);
    expect(Buffer.from(withoutHints(full)).toString('hex')).toBe(cut.toString('hex'));
  });

  it('reads schema version 1, 12 bytes shorter, and leaves it as it is', () => {
    const { bytes } = buildSegment({ id: 4, index: 9, position: 1, records: [], schemaVersion: 1 });
    const old = bytes.subarray(0, 45);
    const { schemaVersion, lengthBytes, lastIndex } = parseSegmentDescriptor(old)._unsafeUnwrap();
    expect({ schemaVersion, lengthBytes, lastIndex }).toEqual({
      schemaVersion: 1,
      lengthBytes: 45,
      lastIndex: 0n,
    });
    expect(withoutHints(old)).toEqual(old);
  });
});

describe('raft entry', () => {
  it('reads an initial entry', () => {
    const entry = parseRaftEntry(unhex('0900010008000300 0300000000000000 02'));
    expect(entry._unsafeUnwrap()).toEqual({ type: 'initial', term: 3n });
  });

  it("reads the CREATE of checkpoint 100 at position 42, as Zeebe's own classes wrote it", () => {
    const data = unhex(`0900010008000300 0300000000000000 00 1000020008000300 2a00000000000000
      2a00000000000000 98000000 95000000 0000000000000000 0100 00 00 2a00000000000000 ffffffffffffffff
      ffffffffffffffff 0068e5cf8b010000 52000000 2800c80000000500 01 00000080 ffffffffffffffff 0500 fe 00
      08000000 06000000 00000000 0100 ff ffffffffffffffff 00000000 1a000000
      82a6666f726d6174a7554e4b4e4f574ea86175746844617461a0 82a2696464a8706f736974696f6eff 000000`);
    expect(data).toHaveLength(197);
    const entry = parseRaftEntry(data)._unsafeUnwrap();
    if (entry.type !== 'application') throw new Error('no application entry');
    expect([entry.term, entry.lowestPosition, entry.highestPosition]).toEqual([3n, 42n, 42n]);
    const [record, ...others] = parseRecordBatch(
      entry.batch,
      entry.lowestPosition,
      entry.highestPosition,
    )._unsafeUnwrap();
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      position: 42n,
      sourcePosition: -1n,
      key: -1n,
      timestamp: 1_700_000_000_000n,
      skipProcessing: false,
      metadata: { recordType: 'COMMAND', protocolVersion: 5, valueType: 254, intent: 0 },
    });
    expect(parseCheckpointRecord(record!)._unsafeUnwrap()).toEqual({
      intent: 'CREATE',
      checkpointId: 100n,
      checkpointPosition: -1n,
    });
  });
});

describe('readSegment', () => {
  it.each([1, 7, 60, 4096])('yields the same records in pieces of %i bytes', async (size) => {
    const parts = await partsOf(FIRST.bytes, size);
    const records = parts.filter((part) => part.kind === 'record');
    expect(records.map(({ index, asqn }) => [index, asqn])).toEqual([
      [1n, -1n],
      [2n, 1n],
      [3n, 2n],
      [4n, 4n],
    ]);
    expect([...records.map(({ offset }) => offset), records.at(-1)?.endOffset]).toEqual(FIRST.offsets);
    expect(parts.at(-1)).toEqual({ kind: 'end', verdict: 'zeros', offset: FIRST.offsets.at(-1), what: '' });
  });

  it('reads schema version 1', async () => {
    const plan = { id: 1, index: 1, position: 1, schemaVersion: 1 as const };
    const old = buildSegment({ ...plan, records: ['initial', [{ other: 'x' }]] });
    const parts = await partsOf(old.bytes);
    expect(parts.map(({ kind }) => kind)).toEqual(['descriptor', 'record', 'record', 'end']);
  });

  it('tells zeros, stale bytes, an unused file and an empty one apart', async () => {
    const stale = Uint8Array.from(FIRST.bytes);
    stale[FIRST.offsets[2]!] = 0;
    expect((await partsOf(stale)).at(-1)).toMatchObject({ verdict: 'stale', offset: FIRST.offsets[2] });
    expect(await partsOf(new Uint8Array(9999))).toEqual([
      { kind: 'end', verdict: 'unused', offset: 0, what: '' },
    ]);
    expect((await partsOf(new Uint8Array(0))).at(-1)).toMatchObject({
      verdict: 'damaged',
      what: 'the file is empty',
    });
    const whole = FIRST.bytes.subarray(0, FIRST.offsets.at(-1));
    expect((await partsOf(whole)).at(-1)).toMatchObject({ verdict: 'zeros', offset: whole.length });
  });

  it('reads a segment that Zeebe 8.6.0 wrote before anything happened', async () => {
    const head = readFileSync(new URL('./fixtures/idle-8.6.0-head.log', import.meta.url));
    const parts = await partsOf(Buffer.concat([head, Buffer.alloc(4 * 1024 * 1024 - head.length)]));
    expect(parts.map(({ kind }) => kind)).toEqual(['descriptor', 'record', 'record', 'record', 'end']);
    expect(parts[2]).toMatchObject({ index: 2n, asqn: 1n, offset: 123, endOffset: 369 });
    expect(parts[4]).toMatchObject({ verdict: 'zeros', offset: 615 });
  });

  it('never takes a cut record for the end of the log', async () => {
    const [, , third, fourth] = FIRST.offsets;
    for (let length = third! + 1; length < fourth!; length += 1) {
      const end = (await partsOf(FIRST.bytes.subarray(0, length))).at(-1);
      expect(end, `cut at ${length}`).toMatchObject({ verdict: 'damaged', offset: third });
    }
  });
});

describe('segment names', () => {
  it('takes the numbers as numbers, and only those of the partition', () => {
    const name = (partition: number, n: string) => `raft-partition-partition-${partition}-${n}.log`;
    expect(segmentNumber(name(1, '10'), 1)).toBe(10);
    expect(segmentNumber(name(10, '1'), 1)).toBeUndefined();
    expect(segmentNumber(`${name(1, '3')}_1-deleted`, 1)).toBeUndefined();
    expect(segmentNumber(name(1, '99999999999'), 1)).toBeUndefined();
    const files = ['10', '9', '1'].map((n) => ({ name: name(1, n) }));
    expect(segmentsInOrder(files, 1).map((file) => file.name)).toEqual(
      files.map((file) => file.name).reverse(),
    );
  });
});
