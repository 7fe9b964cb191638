// What must hold of a restored ledger, each as a check with its numbers. Pure: it is given what was read from disk,
// the cut that the backup names, and what the client remembers.
import { partitionOf } from '../ledger/sharding.ts';
import type { Cut } from './backups.ts';
import type { SentTransfer } from './load.ts';
import type { RestoredLedger, RestoredPartition } from './restored.ts';
import { type Check, money } from './show.ts';

export interface Promised {
  readonly backupId: number;
  readonly cut: Cut;
  /** Everything that the client ever sent. */
  readonly sent: ReadonlyMap<string, SentTransfer>;
  /** What had been acknowledged when the backup was triggered. */
  readonly acknowledged: ReadonlySet<string>;
  /** The sum of all opening balances, in cents. */
  readonly deposited: number;
}

/** The checks on a ledger as it lies on disk after the restore. */
export function proveRestored({ partitions, audit }: RestoredLedger, promised: Promised): Check[] {
  const transfers = partitions.flatMap((partition) => partition.transfers);
  const byId = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  const missing = [...promised.acknowledged].filter((id) => !byId.has(id));
  const altered = transfers.filter(({ id, from, to, amount }) => {
    const sent = promised.sent.get(id);
    return sent?.from !== from || sent.to !== to || sent.amount !== amount;
  });
  const { total, inFlight, deposited } = audit;
  return [
    proveCut(partitions, promised),
    {
      claim: 'no cent was made or lost',
      numbers: `${money(total)} in ${audit.accounts} accounts + ${money(inFlight)} in flight = ${money(promised.deposited)} deposited`,
      holds: total + inFlight === promised.deposited && deposited === promised.deposited,
    },
    {
      claim: 'what was acknowledged before the trigger is there',
      numbers: `${promised.acknowledged.size} acknowledged, ${missing.length} missing`,
      holds: missing.length === 0 && promised.acknowledged.size > 0,
    },
    {
      claim: 'nothing is there that the client did not send',
      numbers: `${transfers.length} transfers, ${altered.length} unknown or altered`,
      holds: altered.length === 0,
    },
    proveOnce(partitions),
    proveBalances(partitions),
  ];
}

/** The log of each partition ends with the record that made the checkpoint. */
function proveCut(partitions: readonly RestoredPartition[], { backupId, cut }: Promised): Check {
  const ends = partitions.map(({ partitionId, lastRecord }) => {
    const isCreate =
      lastRecord?.command.type === 'checkpoint' && lastRecord.command.checkpointId === String(backupId);
    return { at: lastRecord?.position, holds: isCreate && lastRecord.position === cut.get(partitionId) };
  });
  return {
    claim: 'every partition ends exactly at its cut',
    numbers: `logs end at ${ends.map(({ at }) => at).join(', ')}; the backup says ${[...cut.values()].join(', ')}`,
    holds: partitions.length === cut.size && ends.every(({ holds }) => holds),
  };
}

/** Each credit has its debit, and each debit that counts as done has its credit. Both exist at most once by their keys. */
function proveOnce(partitions: readonly RestoredPartition[]): Check {
  const debits = new Map(
    partitions.flatMap(({ partitionId, transfers }) =>
      transfers.map((debit) => [`${partitionId}/${debit.id}`, debit]),
    ),
  );
  const credits = partitions.flatMap((partition) =>
    partition.credits
      .filter(({ outcome }) => outcome === 'applied')
      .map((credit) => ({ ...credit, at: partition.partitionId })),
  );
  const applied = new Set(credits.map(({ sender, id }) => `${sender}/${id}`));
  const withoutDebit = credits.filter(({ sender, id, account, amount, at }) => {
    const debit = debits.get(`${sender}/${id}`);
    const fits = debit?.to === account && debit.amount === amount && debit.state !== 'refunded';
    return !fits || partitionOf(account, partitions.length) !== at;
  });
  const half = [...debits].filter(([key, { state }]) => state === 'done' && !applied.has(key));
  const twice = credits.length - applied.size;
  return {
    claim: 'no transfer was applied twice or half',
    numbers: `${debits.size} debits, ${credits.length} credits; ${twice} twice, ${half.length} half, ${withoutDebit.length} from nothing`,
    holds: twice === 0 && half.length === 0 && withoutDebit.length === 0,
  };
}

/** Every balance is what the opening, the debits and the credits of its account come to. */
function proveBalances(partitions: readonly RestoredPartition[]): Check {
  const expected = new Map<string, number>();
  const add = (account: string, amount: number) =>
    expected.set(account, (expected.get(account) ?? 0) + amount);
  for (const { accounts, transfers, credits } of partitions) {
    for (const { id, opened } of accounts) add(id, opened);
    for (const { from, amount, state } of transfers) if (state !== 'refunded') add(from, -amount);
    for (const { account, amount, outcome } of credits) if (outcome === 'applied') add(account, amount);
  }
  const all = partitions.flatMap(({ accounts }) => accounts);
  const wrong = all.filter(({ id, balance }) => expected.get(id) !== balance || balance < 0);
  return {
    claim: 'every balance follows from its transfers',
    numbers: `${all.length} accounts, ${wrong.length} wrong`,
    holds: wrong.length === 0 && all.length > 0,
  };
}
