/** `/openapi.json`, and `/docs`: a page over it whose every part we serve ourselves. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { version } from '../version.ts';
import type { ApiEnv } from './context.ts';
import { bodyBoundOf } from './limits.ts';

const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const start = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });\n`;

const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** `documented` holds every route that is served; the page is found beside the document. */
export function docsRoutes(documented: OpenAPIHono<ApiEnv>): Hono {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const app = new Hono();
  // Now, when nobody waits: it takes longer than any request may.
  const document = describe(documented);
  app.get('/openapi.json', (context) => {
    const prefix = context.req.path.slice(0, -'/openapi.json'.length);
    return context.json({ ...document, servers: [{ url: prefix === '' ? '/' : prefix }] });
  });
  app.get('/docs', (context) => context.html(page(), 200, { 'Content-Security-Policy': policy }));
  app.get('/docs/start.js', (context) =>
    context.body(start, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  );
  app.get('/docs/:asset', async (context) => {
    const asset = context.req.param('asset');
    const type = Object.hasOwn(assets, asset) ? assets[asset] : undefined;
    if (type === undefined) return context.notFound();
    const content = new Uint8Array(await readFile(join(folder, asset)));
    return context.body(content, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=86400' });
  });
  return app;
}

function describe(documented: OpenAPIHono<ApiEnv>) {
  const schemes = {
    ApiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    TenantId: { type: 'apiKey', in: 'header', name: 'X-Tenant-Id' },
    BearerAuth: { type: 'http', scheme: 'bearer' },
  } as const;
  for (const [name, scheme] of Object.entries(schemes)) {
    documented.openAPIRegistry.registerComponent('securitySchemes', name, scheme);
  }
  const described = documented.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Towpath control plane',
      version,
      description: 'The deployments API of LangSmith, and the calls of Towpath’s own listener under /towpath/v1.',
    },
  });
  sayBounds(described);
  sayBusy(described);
  return described;
}

/** What no schema can say: how long a whole body may be, of how many values, and how deeply nested. */
function sayBounds({ paths }: ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>): void {
  for (const [path, operations] of Object.entries(paths ?? {})) {
    const { bytes, values, levels } = bodyBoundOf(path);
    const description = `At most ${bytes / 1024} KiB, ${values} values and ${levels} levels of nesting`;
    for (const operation of [operations.post, operations.patch]) {
      const body = operation?.requestBody;
      if (body !== undefined && 'content' in body) {
        Object.assign(body, { description, 'x-max-bytes': bytes, 'x-max-values': values, 'x-max-levels': levels });
      }
    }
  }
}

/** Any call may meet a limit, or a database that is away or busy. */
function sayBusy({ paths }: ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>): void {
  const answer = (description: string) => ({
    description,
    headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } },
    content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorDetail' } } },
  });
  const busy = { 429: answer('Too many requests: ask again later'), 503: answer('Not now: ask again later') };
  for (const { get, post, put, patch, delete: remove } of Object.values(paths ?? {})) {
    for (const operation of [get, post, put, patch, remove]) {
      if (operation !== undefined) operation.responses = { ...busy, ...operation.responses };
    }
  }
}

function page() {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Towpath control plane: API</title>
    <link rel="icon" href="docs/favicon-32x32.png" />
    <link rel="stylesheet" href="docs/swagger-ui.css" />
  </head>
  <body>
    <div id="docs"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>`;
}
