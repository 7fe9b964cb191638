// The management API in an app of Fastify, beside its own routes.
import fastify, { type FastifyInstance } from 'fastify';
import { type BackupOperations, managementHandler, nodeListener } from 'tidemark/management';

export function fastifyApp(backups: BackupOperations): FastifyInstance {
  const app = fastify();
  const listener = nodeListener(managementHandler(backups));
  app.register(async (scope) => {
    // The API reads its own bodies. Outside of this scope the parsers stay as they are.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.all('/actuator/*', (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw);
    });
  });
  app.get('/health', async () => ({ up: true }));
  return app;
}
