/** The page behind the link that `langgraph deploy` prints: a deployment's state, revisions and log. */
import { Hono } from 'hono';
import { html, raw } from 'hono/html';
import { DeploymentId } from '../../domain/identifiers.ts';
import { Requester, shownName } from '../../domain/requester.ts';
import { shortRevision } from '../../domain/revision-name.ts';
import { readLog } from '../orchestration/read-log.ts';
import { explainDeployment } from '../orchestration/silence.ts';
import type { WorkspacePrincipal } from '../principal.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { asCaller } from '../store/caller.ts';
import { type DeploymentDetail, findDetail } from '../store/deployments.ts';
import { type ListedRevision, listRevisions } from '../store/list-deployments.ts';
import type { LogPage } from '../store/list-logs.ts';
import { callerIs, neverStored, originOf, recordCalls } from './calls.ts';
import { inWorkspace } from './context.ts';
import type { TowpathServices } from './towpath/services.ts';
import { urlOf } from './views.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'";
const headers = {
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
};

/** A browser asks for the key itself (HTTP basic, any user name), so no cookie and no script is needed. */
export function statusPage(services: TowpathServices): Hono {
  const app = new Hono();
  app.use('/o/*', neverStored(), recordCalls(services));
  app.get('/o/:tenant/host/deployments/:deployment', async (context) => {
    const { tenant, deployment } = context.req.param();
    const key = keyFrom(context.req.raw.headers);
    // What no header may hold names no workspace.
    if (!/^[\x21-\x7e]{1,200}$/.test(tenant)) throw new Refusal(404, 'Workspace not found.');
    const asked = new Headers({ 'x-tenant-id': tenant });
    if (key !== null) asked.set('x-api-key', key);
    const principal = await services.authenticate(asked, originOf(context));
    callerIs(context, principal);
    if (principal === null) {
      return context.text('Give an API key of this workspace as the password; any user name will do.\n', 401, {
        'WWW-Authenticate': 'Basic realm="Towpath: API key as password", charset="UTF-8"',
      });
    }
    const id = DeploymentId.safeParse(deployment);
    if (!id.success) throw new Refusal(404, 'Deployment not found.');
    const reader = inWorkspace(principal);
    const text = await asCaller({ tenant: reader.workspaceId }, () => render(services, reader, id.data));
    return context.html(text, 200, headers);
  });
  return app;
}

function keyFrom(received: Headers): string | null {
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(received.get('authorization') ?? '')?.[1];
  if (basic === undefined) return received.get('x-api-key');
  const text = Buffer.from(basic, 'base64').toString('utf8');
  const key = text.slice(text.indexOf(':') + 1);
  // What no header may hold is no key.
  return /^[\x21-\x7e]+$/.test(key) ? key : null;
}

async function render(services: Services, principal: WorkspacePrincipal, id: DeploymentId) {
  const detail = await findDetail(services.database, principal.workspaceId, id);
  const revisions = await listRevisions(services.database, id, undefined, { limit: 20, offset: 0 });
  const question = { deploymentId: id, order: 'desc', limit: 200, none: false } as const;
  const all = { revisionId: undefined, after: undefined, level: undefined, containing: undefined };
  const log = await readLog(services, principal, { ...question, ...all, from: undefined, until: undefined });
  return page(detail, revisions, log, services.now());
}

/** Every value goes through the template's escaping. */
function page(detail: DeploymentDetail, revisions: readonly ListedRevision[], log: LogPage, now: Date) {
  const { deployment, listener, revision } = detail;
  const url = urlOf(deployment);
  const removalMessage = deployment.lastRemovalReport?.message ?? null;
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${deployment.name}: ${revision.status}</title>
    <style>${raw(style)}</style>
  </head>
  <body>
    <h1>${deployment.name}</h1>
    <p><strong>${revision.status}</strong> ${explainDeployment({ ...deployment, removalMessage }, revision, listener, now)}</p>
    <table>
      <tr><th>Deployment</th><td>${deployment.id}, ${deployment.status}</td></tr>
      <tr><th>Namespace</th><td>${deployment.namespace}, by listener ${listener.computeId}</td></tr>
      <tr><th>Image</th><td>${revision.imageUri}</td></tr>
      <tr><th>URL</th><td>${url ?? 'none yet'}</td></tr>
    </table>
    <h2>Revisions</h2>
    <table>
      <tr><th>Revision</th><th>Status</th><th>Created</th><th>By</th><th>Commit</th><th>Message</th></tr>
      ${revisions.map((row) => revisionRow(row, row.id === deployment.activeRevisionId))}
    </table>
    <h2>Log</h2>
    <pre>${log.lines.toReversed().map((line) => `${line.at.toISOString()} ${line.level} ${line.message}\n`)}</pre>
  </body>
</html>`;
}

/** Pull requests link to a revision by its id. */
function revisionRow(row: ListedRevision, active: boolean) {
  return html`<tr id="${row.id}">
        <td>${row.number} (${shortRevision(row.id)})${active ? ', active' : ''}</td>
        <td>${row.status}</td>
        <td>${row.createdAt.toISOString()}</td>
        <td>${shownName(Requester.parse(row.requester))}</td>
        <td>${row.commit?.slice(0, 12) ?? ''}</td>
        <td>${row.message}</td>
      </tr>`;
}

const style = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse } th, td { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
pre { overflow-x: auto; white-space: pre-wrap } tr:target { font-weight: bold }`;
