// What a run of torture came to: counters, a line for people and a row for the page.

export interface Totals {
  rounds: number;
  nodeKills: number;
  /** By the name of the fault. */
  readonly serverFaults: Map<string, number>;
  triggered: number;
  completed: number;
  failed: number;
  deleted: number;
  sweeps: number;
  /** Objects that sweeps freed. */
  freed: number;
  /** Completed backups that were verified, restored and audited. */
  restored: number;
  transfers: number;
}

export function newTotals(): Totals {
  return {
    rounds: 0,
    nodeKills: 0,
    serverFaults: new Map(),
    triggered: 0,
    completed: 0,
    failed: 0,
    deleted: 0,
    sweeps: 0,
    freed: 0,
    restored: 0,
    transfers: 0,
  };
}

export const HEADER = [
  '| server | rounds | node kills | done to the server | backups triggered | completed | failed | deleted | sweeps, chunks freed | restored and audited | lost |',
  '| --- | --: | --: | --- | --: | --: | --: | --: | --: | --: | --: |',
].join('\n');

/** What stands in the first column of {@link HEADER}, and of one with other columns. */
const NO_SERVER: readonly string[] = ['server', '---'];

/** A row under {@link HEADER}: a run that ends well has lost nothing. */
export function rowOf(server: string, totals: Totals): string {
  const { rounds, nodeKills, triggered, completed, failed, deleted, sweeps, freed, restored } = totals;
  const cells = [
    server,
    rounds,
    nodeKills,
    showFaults(totals),
    triggered,
    completed,
    failed,
    deleted,
    `${sweeps}, ${freed}`,
    restored,
    0,
  ];
  return `| ${cells.join(' | ')} |`;
}

export function showTotals(totals: Totals): string {
  const { rounds, nodeKills, triggered, completed, failed, deleted, sweeps, freed, restored, transfers } =
    totals;
  return (
    `rounds ${rounds}, node kills ${nodeKills}, server: ${showFaults(totals)}; backups triggered ${triggered}, ` +
    `completed ${completed}, failed ${failed}, deleted ${deleted}, sweeps ${sweeps} (${freed} chunks freed), restored ${restored}; transfers ${transfers}`
  );
}

function showFaults({ serverFaults }: Totals): string {
  const faults = [...serverFaults].sort(([a], [b]) => (a < b ? -1 : 1));
  return faults.length === 0 ? '-' : faults.map(([name, count]) => `${name} ${count}`).join(', ');
}

/** The table with the row of this server put in, in place of an earlier one; rows are sorted by server. */
export function withRow(table: string, row: string): string {
  const serverOf = (line: string) => line.split('|')[1]?.trim() ?? '';
  const rows = table
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('|') && !NO_SERVER.includes(serverOf(line)) && serverOf(line) !== serverOf(row),
    );
  return [HEADER, ...[...rows, row].sort((a, b) => (serverOf(a) < serverOf(b) ? -1 : 1))].join('\n');
}
