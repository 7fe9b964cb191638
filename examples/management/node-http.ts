// The management API in a server of Node itself, beside its own routes.
import { createServer, type Server } from 'node:http';
import { type BackupOperations, managementHandler, nodeListener } from 'tidemark/management';

export function httpServer(backups: BackupOperations): Server {
  const listener = nodeListener(managementHandler(backups));
  return createServer((request, response) => {
    if (request.url?.startsWith('/actuator/')) return listener(request, response);
    response.setHeader('content-type', 'application/json');
    response.end('{"up":true}');
  });
}
