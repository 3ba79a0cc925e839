/** The whole HTTP application: LangSmith's public API, our own calls, documents and the status page. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { asCaller } from '../store/caller.ts';
import { admitBodies } from './admission.ts';
import { type Answered, tellAnswers } from './answered.ts';
import { neverStored, recordCalls } from './calls.ts';
import { type ApiEnv, apiRouter, requireWorkspace } from './context.ts';
import { deploymentRoutes } from './deployments.ts';
import { docsRoutes } from './docs.ts';
import { limitBody, limitShape } from './limits.ts';
import { listenerRoutes } from './listeners.ts';
import { logRoutes, v1LogRoutes } from './logs.ts';
import { limitPace } from './pace.ts';
import { answerNotFound, answerProblem } from './problems.ts';
import { revisionRoutes } from './revisions.ts';
import { statusPage } from './status-page.ts';
import { towpathRoutes } from './towpath/routes.ts';
import type { TowpathServices } from './towpath/services.ts';
import { unsupportedRoutes } from './unsupported.ts';

interface AppOptions {
  /** False: only the public calls, as LangSmith has them. */
  readonly towpathCalls: boolean;
  /** Told of each answer, for whoever measures. */
  readonly onAnswer?: ((answered: Answered) => void) | undefined;
  /** How often one key may ask in the long run; undefined: as often as it likes. */
  readonly requestsPerSecond?: number | undefined;
}

/** Answers under `/` and under `/api-host`, which is what clients make of LANGSMITH_ENDPOINT. */
export function controlPlaneApp(services: TowpathServices, options: AppOptions): Hono {
  const { towpathCalls, onAnswer, requestsPerSecond } = options;
  const api = publicApi(services);
  if (towpathCalls) api.route('/', towpathRoutes(services));
  const documents = docsRoutes(api);
  const app = new Hono();
  app.onError(answerProblem(services.log));
  app.notFound(answerNotFound(app));
  if (onAnswer) app.use(tellAnswers(onAnswer));
  app.use((context, next) => asCaller({ tenant: 'strangers', gone: context.req.raw.signal }, next));
  app.use(requestId());
  app.use(secureHeaders({ xFrameOptions: 'DENY' }));
  if (requestsPerSecond !== undefined) app.use(limitPace(requestsPerSecond));
  app.use(admitBodies(services.authenticate));
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) => {
    const { isUp } = await services.reachable();
    return context.json({ status: isUp ? 'ok' : 'the database does not answer' }, isUp ? 200 : 503);
  });
  // Who opens the address in a browser wants to know what it is.
  app.get('/', (context) => context.redirect('docs'));
  for (const base of ['/', '/api-host']) {
    app.route(base, documents);
    app.route(base, api);
  }
  app.route('/', statusPage(services));
  return app;
}

function publicApi(services: TowpathServices): OpenAPIHono<ApiEnv> {
  const api = apiRouter();
  for (const path of ['/v1/*', '/v2/*']) {
    api.use(path, neverStored(), recordCalls(services));
    api.use(path, requireWorkspace(services.authenticate), limitBody(), limitShape());
  }
  api.route('/', deploymentRoutes(services));
  api.route('/', revisionRoutes(services));
  api.route('/', logRoutes(services));
  api.route('/', v1LogRoutes(services));
  api.route('/', unsupportedRoutes(services));
  api.route('/', listenerRoutes(services));
  return api;
}
