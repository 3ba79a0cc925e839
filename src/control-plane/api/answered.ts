/** Tells whoever measures what was answered: by the route's pattern, since a path holds ids. */
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';

export interface Answered {
  readonly method: string;
  /** `/v2/deployments/:deployment_id`; `none` where no route fits. */
  readonly route: string;
  readonly code: number;
  /** Until the head of the answer: a stream of events is not over by then. */
  readonly durationMs: number;
}

export function tellAnswers(onAnswer: (answered: Answered) => void): MiddlewareHandler {
  return async (context, next) => {
    const began = performance.now();
    await next();
    const durationMs = performance.now() - began;
    onAnswer({ method: context.req.method, route: routeOf(context), code: context.res.status, durationMs });
  };
}

/** Everything answers below `/api-host` too; the last pattern that fits is the handler's, those before are around it. */
export function routeOf(context: Context): string {
  const route = routePath(context, -1).replace(/^\/api-host(?=\/)/, '');
  return route.endsWith('*') ? 'none' : route;
}
