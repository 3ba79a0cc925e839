/** What every answer of the API has in common: where it came from is known, nobody stores it, and a refusal is noted. */
import type { Context, MiddlewareHandler } from 'hono';
import { keyFrom, prefixSent } from '../access/sent-key.ts';
import type { AuditTrail } from '../audit-trail.ts';
import type { CallOrigin, Principal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { DeploymentDetail } from '../store/deployments.ts';
import { routeOf } from './answered.ts';

/** What the Node server hands to an application beside the request. */
interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
}

const longestForwarded = 200;

export function originOf(context: Context): CallOrigin {
  const { incoming } = (context.env ?? {}) as NodeBindings;
  const requestId: unknown = context.get('requestId');
  return {
    address: incoming?.socket?.remoteAddress ?? null,
    forwardedFor: context.req.header('x-forwarded-for')?.slice(0, longestForwarded) ?? null,
    requestId: typeof requestId === 'string' ? requestId : null,
  };
}

/** Values of secrets, new keys, and whatever else is one caller's alone: no browser and no proxy keeps a copy. */
export function neverStored(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.res.headers.set('Cache-Control', 'no-store');
  };
}

/** The caller is known before it is decided what he may do, so that a refusal can name him. */
export function callerIs(context: Context, principal: Principal | null): void {
  context.set('caller', principal);
}

export function recordCalls({ trail }: { readonly trail: AuditTrail }): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { status } = context.res;
    if (status !== 401 && status !== 403) return;
    const { error } = context;
    const principal = (error instanceof Refusal ? error.caller : null) ?? (context.get('caller') as Principal) ?? null;
    trail.refused({
      principal,
      origin: originOf(context),
      call: `${context.req.method} ${routeOf(context)}`,
      status,
      why: error?.message ?? '',
      prefix: principal === null ? prefixSent(keyFrom(context.req.raw.headers)) : null,
    });
  };
}

/** To be called with every deployment whose secret values are in the answer. */
export function noteSecrets(
  { trail }: { readonly trail: AuditTrail },
  principal: Principal,
  details: readonly Pick<DeploymentDetail, 'deployment' | 'secretSet'>[],
): void {
  const read = details.filter(({ secretSet }) => secretSet !== null).map(({ deployment }) => deployment.id);
  if (read.length > 0) trail.secretsRead(principal, read);
}
