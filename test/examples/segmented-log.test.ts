// The ledger's log: what was acknowledged is never cut, and damage has a name.
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../examples/ledger/commands.ts';
import { encodeRecord } from '../../examples/ledger/record.ts';
import { LogCorrupt, SegmentedLog } from '../../examples/ledger/segmented-log.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-log-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const command = (id: number): Command => ({ type: 'open', id: `account-${id}`, balance: id });
const openLog = (acknowledged = 0n) => SegmentedLog.open({ directory, segmentBytes: 1_000, acknowledged });
const files = () => readdirSync(directory).sort();
const path = (index: number) => join(directory, files().at(index) ?? '');

/** Appends so many records one after the other and closes the log. */
async function write(count: number): Promise<void> {
  const log = await openLog();
  for (let id = 1; id <= count; id += 1) {
    const durable = new Promise<void>((resolve) => {
      log.onDurable = () => resolve();
    });
    log.append(command(id), 0);
    await durable;
  }
  await log.close();
}

async function positions(acknowledged = 0n): Promise<bigint[]> {
  const log = await openLog(acknowledged);
  try {
    return [...log.read(log.segments[0]?.firstPosition ?? 1n)].map(({ position }) => position);
  } finally {
    await log.close();
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => BigInt(index + 1));

/** Flips one bit in the last byte of a file, cut off so many bytes. */
function damage(file: string, fromEnd: number): void {
  const bytes = readFileSync(file);
  const at = bytes.length - fromEnd;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}

describe('the segmented log', () => {
  it('gives back what was appended, over segments and restarts', async () => {
    await write(60);
    expect(files().length).toBeGreaterThan(2);
    expect(await positions(60n)).toEqual(upTo(60));
    const log = await openLog(60n);
    expect(log.append(command(61), 0)).toBe(61n);
    await log.close();
    expect(await positions()).toEqual(upTo(61));
  });

  it('tells appends of one turn as durable together, in order', async () => {
    const log = await openLog();
    const told: bigint[][] = [];
    log.onDurable = (records) => told.push(records.map(({ position }) => position));
    for (let id = 1; id <= 5; id += 1) log.append(command(id), 0);
    await log.close();
    expect(told).toEqual([[1n, 2n, 3n, 4n, 5n]]);
  });

  it('cuts a torn tail that nobody was told about, and goes on behind it', async () => {
    await write(5);
    const next = encodeRecord({ position: 6n, timestamp: 0, command: command(6) });
    for (const torn of [next.subarray(0, 3), next.subarray(0, -1), Buffer.alloc(500)]) {
      appendFileSync(path(-1), torn);
      expect(await positions(5n)).toEqual(upTo(5));
    }
    const log = await openLog(5n);
    log.append(command(6), 0);
    await log.close();
    expect(await positions(6n)).toEqual(upTo(6));
  });

  it('refuses a torn tail that was acknowledged', async () => {
    await write(5);
    damage(path(-1), 1);
    await expect(openLog(5n)).rejects.toThrow(LogCorrupt);
    await expect(openLog(5n)).rejects.toThrow(/position 5 is damaged/);
  });

  it('refuses a log that ends before what was acknowledged', async () => {
    await write(5);
    truncateSync(
      path(-1),
      readFileSync(path(-1)).length -
        encodeRecord({ position: 5n, timestamp: 0, command: command(5) }).length,
    );
    await expect(openLog(5n)).rejects.toThrow(/ends at position 4, but 5 was processed/);
    expect(await positions(4n)).toEqual(upTo(4));
  });

  it('refuses damage with a whole record behind it: that is no torn write', async () => {
    await write(5);
    const last = encodeRecord({ position: 5n, timestamp: 0, command: command(5) }).length;
    damage(path(-1), last + 1);
    const before = readFileSync(path(-1));
    await expect(openLog()).rejects.toThrow(/position 4 is damaged/);
    expect(readFileSync(path(-1))).toEqual(before);
  });

  it('refuses damage in a sealed segment when it is read', async () => {
    await write(60);
    damage(path(0), 1);
    await expect(positions()).rejects.toThrow(LogCorrupt);
  });

  it('refuses a missing segment', async () => {
    await write(60);
    rmSync(path(1));
    await expect(positions()).rejects.toThrow(LogCorrupt);
  });

  it('compacts whole segments below a position, never the last', async () => {
    await write(60);
    const log = await openLog();
    const second = log.segments[1]?.firstPosition ?? 0n;
    log.compact(second - 1n);
    expect(log.segments[0]?.firstPosition).toBe(1n);
    log.compact(second);
    expect(log.segments[0]?.firstPosition).toBe(second);
    log.compact(1_000n);
    expect(log.segments).toHaveLength(1);
    expect(files()).toEqual([log.segments[0]?.name]);
    expect([...log.read(log.segments[0]?.firstPosition ?? 0n)].at(-1)?.position).toBe(60n);
    await log.close();
  });
});
