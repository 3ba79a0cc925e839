/** Our own calls, under `/towpath/v1`: what LangSmith's API lacks so that a listener can do its whole work. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { version } from '../../version.ts';
import { neverStored, recordCalls } from '../calls.ts';
import { limitBody, limitShape } from '../limits.ts';
import { requireKey, type TowpathEnv } from './access.ts';
import { auditRoutes } from './audit-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { infoRoute, listenerRoutes } from './listener-routes.ts';
import type { TowpathServices } from './services.ts';
import { workspaceRoutes } from './workspace-routes.ts';

const features = ['listener', 'desired', 'reports', 'secrets', 'lanes', 'events', 'keys', 'audit'];

/** To be mounted at the root; what is thrown is for the `onError` of the app around it. */
export function towpathRoutes(services: TowpathServices): OpenAPIHono<TowpathEnv> {
  const app = new OpenAPIHono<TowpathEnv>();
  app.openapi(infoRoute, (context) => context.json({ version, features }, 200));
  app.use('/towpath/v1/*', neverStored(), recordCalls(services), requireKey(services), limitBody(), limitShape());
  app.route('/', listenerRoutes(services));
  app.route('/', workspaceRoutes(services));
  app.route('/', keyRoutes(services));
  app.route('/', auditRoutes(services));
  app.route('/', eventRoutes(services));
  return app;
}
