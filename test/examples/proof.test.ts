// The demo's checks catch what they claim to catch: each is shown a ledger with one thing wrong.
import { describe, expect, it } from 'vitest';
import { type Promised, proveRestored } from '../../examples/demo/proof.ts';
import type { RestoredLedger, RestoredPartition } from '../../examples/demo/restored.ts';

const sent = { id: 't1', from: 'account-0', to: 'account-0', amount: 30 };
const promised: Promised = {
  backupId: 2,
  cut: new Map([[1, 9n]]),
  sent: new Map([['t1', sent]]),
  acknowledged: new Set(['t1']),
  deposited: 100,
};
const good = {
  partitionId: 1,
  lastRecord: { position: 9n, timestamp: 0, command: { type: 'checkpoint', checkpointId: '2' } },
  accounts: [{ id: 'account-0', balance: 100, opened: 100 }],
  transfers: [{ ...sent, receiver: 1, state: 'done' }],
  credits: [{ sender: 1, id: 't1', account: 'account-0', amount: 30, outcome: 'applied' }],
} satisfies RestoredPartition;

function failures(change: Partial<RestoredPartition>, audit = {}): string[] {
  const totals = { accounts: 1, total: 100, inFlight: 0, deposited: 100, transfers: 1, applied: 1 };
  const ledger: RestoredLedger = {
    partitions: [{ ...good, ...change }],
    audit: { ...totals, exact: true, partitions: [], ...audit },
  };
  return proveRestored(ledger, promised)
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim);
}

const CUT = 'every partition ends exactly at its cut';
const ONCE = 'no transfer was applied twice or half';
const BALANCES = 'every balance follows from its transfers';

describe('the proof of the demo', () => {
  it('holds for a ledger that is right', () => expect(failures({})).toEqual([]));

  it.each<[string, Partial<RestoredPartition>, string[]]>([
    ['a record behind the cut', { lastRecord: { ...good.lastRecord, position: 10n } }, [CUT]],
    [
      'another last record',
      { lastRecord: { ...good.lastRecord, command: { ...good.lastRecord.command, checkpointId: '1' } } },
      [CUT],
    ],
    ['an empty log', { lastRecord: undefined }, [CUT]],
    ['a done transfer without its credit', { credits: [] }, [ONCE, BALANCES]],
    ['a credit applied twice', { credits: [...good.credits, ...good.credits] }, [ONCE, BALANCES]],
    ['a credit of another amount', { credits: [{ ...good.credits[0]!, amount: 31 }] }, [ONCE, BALANCES]],
    ['a wrong balance', { accounts: [{ id: 'account-0', balance: 99, opened: 100 }] }, [BALANCES]],
    [
      'a lost transfer',
      { transfers: [], credits: [] },
      ['what was acknowledged before the trigger is there'],
    ],
    [
      'a transfer that nobody sent',
      { transfers: [...good.transfers, { ...sent, id: 't2', amount: 0, receiver: 1, state: 'pending' }] },
      ['nothing is there that the client did not send'],
    ],
  ])('fails for %s', (_, change, claims) => expect(failures(change)).toEqual(claims));

  it('fails when cents are missing', () => {
    expect(failures({}, { total: 99 })).toEqual(['no cent was made or lost']);
    expect(failures({}, { inFlight: 1 })).toEqual(['no cent was made or lost']);
  });
});
