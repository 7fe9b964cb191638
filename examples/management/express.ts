// The management API in an app of Express, beside its own routes.
import express, { type Express } from 'express';
import { type BackupOperations, managementHandler, nodeListener } from 'tidemark/management';

export function expressApp(backups: BackupOperations): Express {
  const app = express();
  // Before the parser of bodies: the API reads its own.
  app.all('/actuator/*rest', nodeListener(managementHandler(backups)));
  app.use(express.json());
  app.get('/health', (_request, response) => {
    response.json({ up: true });
  });
  return app;
}
