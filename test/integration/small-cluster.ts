// The ledger of these tests: two nodes with three partitions on free ports. Not started yet.
import { type ClusterOptions, freePorts, LedgerCluster } from '../../examples/ledger/cluster.ts';

const NODES = 2;

type Chosen = Pick<ClusterOptions, 'directory' | 'environment' | 'restart' | 'logFile'>;

export async function smallCluster(chosen: Chosen): Promise<LedgerCluster> {
  const ports = await freePorts(2 * NODES);
  const managementPorts = ports.slice(NODES);
  return new LedgerCluster({
    nodes: NODES,
    partitions: 3,
    ports: ports.slice(0, NODES),
    managementPorts,
    ...chosen,
  });
}
