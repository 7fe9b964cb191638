// What befalls the ledger in a round, drawn from the seed. Times are in milliseconds since the round began. The plan can be
// repeated; when a kill meets which request cannot, for processes and servers run in real time.
import { Chance } from '../simulation/chance.ts';

export interface RoundPlan {
  readonly backup: { readonly atMs: number; readonly node: number };
  readonly nodeKill: { readonly atMs: number; readonly node: number; readonly downMs: number } | undefined;
  /** `fault` is an index into the server's faults. */
  readonly serverFault: { readonly atMs: number; readonly fault: number; readonly forMs: number } | undefined;
  /** Deletes one of the older backups: `which` is a fraction of their number. */
  readonly deletion: { readonly atMs: number; readonly node: number; readonly which: number } | undefined;
  /** Frees what no backup uses. */
  readonly sweep: { readonly atMs: number } | undefined;
}

const NODE_KILLS = 0.6;
const SERVER_FAULTS = 0.4;
const DELETIONS = 0.4;
const SWEEPS = 0.5;

export function planRound(seed: number, round: number, world: { nodes: number; faults: number }): RoundPlan {
  const chance = new Chance(seed * 100_003 + round);
  const node = () => chance.between(0, world.nodes - 1);
  const backup = { atMs: chance.between(0, 150), node: node() };
  // Most backups take less than half a second: half of the time that is where it strikes.
  const soon = () => backup.atMs + chance.between(0, chance.is(0.5) ? 400 : 1_200);
  const nodeKill = { atMs: soon(), node: node(), downMs: chance.between(0, 250) };
  const serverFault = {
    atMs: soon(),
    fault: chance.between(0, Math.max(0, world.faults - 1)),
    forMs: chance.between(30, 900),
  };
  const deletion = { atMs: chance.between(0, 600), node: node(), which: chance.fraction() };
  return {
    backup,
    nodeKill: chance.is(NODE_KILLS) ? nodeKill : undefined,
    serverFault: chance.is(SERVER_FAULTS) && world.faults > 0 ? serverFault : undefined,
    deletion: chance.is(DELETIONS) ? deletion : undefined,
    sweep: chance.is(SWEEPS) ? { atMs: chance.between(0, 800) } : undefined,
  };
}
