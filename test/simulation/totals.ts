// What happened in runs, counted: a run in which nothing happens finds nothing.

export const COUNTED = [
  'events',
  'transfers',
  'crossing',
  'checkpoints',
  'triggers',
  'backups completed',
  'backups failed',
  'cluster backups completed',
  'deletes',
  'markers',
  'restores to a point',
  'logs cut at a restore',
  'sweeps',
  'chunks swept',
  'restores',
  'restores cut short',
  'restores refused',
  'clusters run on',
  'crashes',
  'leaders moved',
  'two leaders at once',
  'messages lost',
  'messages doubled',
  'store calls',
  'store calls in trouble',
  'late arrivals',
  'bytes reused',
  'bytes unread',
] as const;

export type Counted = (typeof COUNTED)[number];
export type Totals = Record<Counted, number>;

export function noTotals(): Totals {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Totals;
}

export function addTotals(to: Totals, from: Totals): void {
  for (const name of COUNTED) to[name] += from[name];
}
