/** What every route of the public API has at hand, and the parts that their descriptions share. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { Authenticate } from '../access/authenticate.ts';
import type { Principal, WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import { asCaller } from '../store/caller.ts';
import { callerIs, originOf } from './calls.ts';
import { refuseInvalid } from './problems.ts';

export interface ApiEnv {
  Variables: { requestId: string; principal: WorkspacePrincipal; caller?: Principal | null };
}

export function apiRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
}

/** Lets in whoever acts in one workspace; a listener's key reads its own listener's desired state and nothing here. */
export function requireWorkspace(authenticate: Authenticate): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const caller = await authenticate(context.req.raw.headers, originOf(context));
    callerIs(context, caller);
    const principal = inWorkspace(caller);
    context.set('principal', principal);
    await asCaller({ tenant: principal.workspaceId }, next);
  };
}

export function inWorkspace(principal: Principal | null): WorkspacePrincipal {
  if (principal === null) {
    throw new Refusal(401, 'Invalid or missing API key: send it as X-Api-Key, or as Authorization: Bearer');
  }
  if (principal.kind === 'listener') {
    throw new Refusal(403, 'This API key belongs to a listener: use a workspace key for the public API');
  }
  if (principal.workspaceId === null) {
    throw new Refusal(
      403,
      'This API key is for the whole organisation and requires workspace specification: send the header X-Tenant-Id',
    );
  }
  return { ...principal, workspaceId: principal.workspaceId };
}

const ErrorDetail = z.object({ detail: z.string() }).openapi('ErrorDetail');
const HTTPValidationError = z
  .object({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() })),
  })
  .openapi('HTTPValidationError');

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}

export const refused = {
  400: json(ErrorDetail, 'Refused by a rule'),
  401: json(ErrorDetail, 'No valid API key'),
  403: json(ErrorDetail, 'Not for this API key'),
  404: json(ErrorDetail, 'Not found'),
  409: json(ErrorDetail, 'In conflict with the present state'),
  413: json(ErrorDetail, 'Longer than this call takes'),
  415: json(ErrorDetail, 'The body is not called JSON'),
  422: json(HTTPValidationError, 'Does not fit the schema'),
};

/** Security schemes; any one of them will do, and organisation-wide keys name their workspace as well. */
export const security = [{ ApiKey: [] }, { BearerAuth: [] }, { ApiKey: [], TenantId: [] }];
