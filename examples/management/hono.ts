// The management API in an app of Hono, beside its own routes.
import { Hono } from 'hono';
import { type BackupOperations, managementHandler } from 'tidemark/management';

export function honoApp(backups: BackupOperations): Hono {
  const handler = managementHandler(backups);
  const app = new Hono();
  app.all('/actuator/*', (context) => handler(context.req.raw));
  app.get('/health', (context) => context.json({ up: true }));
  return app;
}
