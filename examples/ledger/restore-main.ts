// Brings a stopped ledger back to a time: each node into its own data directory, which must be empty. The command
// `tidemark restore` does the same for whole backups; it does not know how the ledger's log is cut.
import process from 'node:process';
import { parseArgs } from 'node:util';
import {
  DirectoryRestoreTarget,
  partitionsOfNode,
  RestoreManager,
  restorableRanges,
  silentLogger,
  systemClock,
} from 'tidemark';
import { loadSettings, openBackupStore } from 'tidemark/config';
import { ledgerLayout } from './restore-layout.ts';

const USAGE = `node --import ./examples/by-name.ts examples/ledger/restore-main.ts --to TIME [--dry-run]
  Node, data directory and store come from ZEEBE_BROKER_* variables, as for tidemark restore.
  --ranges instead of --to tells which times there are.
`;

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    ranges: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const loaded = loadSettings({ env: process.env });
  if (loaded.isErr()) return fail(loaded.error);
  const { backup, cluster, dataDirectory: directory } = loaded.value;
  const store = await openBackupStore(backup, { logger: silentLogger });
  if (store === null) return fail(new Error('no backup store is configured'));
  const { nodeId, partitionsCount } = cluster;
  const target = new DirectoryRestoreTarget({ directory }, undefined, ledgerLayout);
  const manager = new RestoreManager(
    { store, target, clock: systemClock, logger: silentLogger },
    { nodeId, partitionsCount, partitionIds: partitionsOfNode(cluster) },
  );
  try {
    if (values.ranges) {
      const told = await restorableRanges(store, { partitionsCount });
      return told.isErr() ? fail(told.error) : show(told.value);
    }
    if (values.to === undefined) return fail(new Error(USAGE));
    const done = values['dry-run'] ? await manager.planTo(values.to) : await manager.restoreTo(values.to);
    return done.isErr() ? fail(done.error) : show({ nodeId, point: done.value.point });
  } finally {
    await store.close();
  }
}

function show(value: object): number {
  const printable = (_: string, each: unknown) => (typeof each === 'bigint' ? each.toString() : each);
  process.stdout.write(`${JSON.stringify(value, printable)}\n`);
  return 0;
}

function fail(error: Error): number {
  process.stderr.write(`${error.message}\n`);
  return 1;
}
