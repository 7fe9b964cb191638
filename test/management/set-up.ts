// The management API over a cluster in memory: real coordinator, real aggregator, fake broker.
import { type ManagementHandlerOptions, managementHandler } from 'tidemark/management';
import { ClusterBackups } from '../../src/cluster/cluster-backups.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { FakeCluster } from '../cluster/fake-cluster.ts';

export function setUp(options: ManagementHandlerOptions = {}, partitions = 3) {
  const cluster = new FakeCluster(partitions);
  const clock = new ManualClock();
  const components = { topology: cluster.topology, partitions: cluster.client, clock, logger: silentLogger };
  const operations = new ClusterBackups(components);
  const handler = managementHandler(operations, options);
  const ask = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await handler(new Request(`http://localhost${path}`, { method, ...init }));
    return {
      status: response.status,
      headers: response.headers,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };
  const take = (body: string, type = 'application/json') =>
    ask('POST', '/actuator/backups', { body, headers: { 'content-type': type } });
  return { cluster, clock, operations, handler, ask, take };
}
