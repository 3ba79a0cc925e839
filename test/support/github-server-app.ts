/** GitHub's endpoints for Apps: who it is, where it is installed, and tokens of an installation. */
import { randomBytes, verify } from 'node:crypto';
import type { ForgeAnswer, ForgeCall, ForgeRoute } from './forge-server.ts';
import { failure, idOf, userShape } from './github-server-shapes.ts';
import { type GithubApp, type GithubWorld, notFound } from './github-server-world.ts';

export function appRoutes(world: GithubWorld): readonly ForgeRoute[] {
  const asApp =
    (answer: (app: GithubApp, ...caught: readonly string[]) => ForgeAnswer) =>
    (call: ForgeCall, ...caught: readonly string[]): ForgeAnswer => {
      const refusal = refusedToken(world.app, call.token ?? '');
      return refusal ?? (world.app ? answer(world.app, ...caught) : notFound);
    };
  return [
    {
      method: 'GET',
      path: /^(?:\/api\/v3)?\/app$/,
      answer: asApp((app) => ({
        status: 200,
        body: {
          id: app.id,
          client_id: app.clientId,
          slug: app.slug,
          node_id: 'A_1',
          owner: userShape(world, 'acme'),
          name: app.slug,
          description: null,
          html_url: `${world.web}/apps/${app.slug}`,
          created_at: '2026-01-05T09:00:00Z',
          updated_at: '2026-01-05T09:00:00Z',
          permissions: app.permissions,
          events: [],
          installations_count: app.installations.size,
        },
      })),
    },
    {
      method: 'GET',
      path: /^(?:\/api\/v3)?\/repos\/([^/]+\/[^/]+)\/installation$/,
      answer: asApp((app, path = '') => installationOf(world, app, path)),
    },
    {
      method: 'POST',
      path: /^(?:\/api\/v3)?\/app\/installations\/(\d+)\/access_tokens$/,
      answer: asApp((app, id = '') => newToken(world, app, Number(id))),
    },
  ];
}

/** GitHub's words for what is wrong with a JSON Web Token; null: nothing. */
function refusedToken(app: GithubApp | null, token: string): ForgeAnswer | null {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const undecodable = failure(401, 'A JSON web token could not be decoded');
  if (!app || signature === '') return undecodable;
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    app.publicKey,
    Buffer.from(signature, 'base64url'),
  );
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const issuer = String(claims['iss']);
  if (issuer !== String(app.id) && issuer !== app.clientId) return failure(404, 'Integration not found');
  if (!isSigned) return undecodable;
  const now = Date.now() / 1000;
  const [issued, expires] = [Number(claims['iat']), Number(claims['exp'])];
  if (issued > now + 60) {
    const words = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    return failure(401, words);
  }
  if (expires <= now || expires > now + 610) {
    const words =
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    return failure(401, words);
  }
  return null;
}

function installationOf(world: GithubWorld, app: GithubApp, path: string): ForgeAnswer {
  const found = [...app.installations].find(([, { repositories }]) => repositories.includes(path));
  if (!found) return notFound;
  const [owner = ''] = path.split('/');
  return {
    status: 200,
    body: {
      id: found[0],
      account: userShape(world, owner),
      html_url: `${world.web}/organizations/${owner}/settings/installations/${found[0]}`,
      target_id: idOf(owner),
      single_file_name: null,
      created_at: '2026-01-05T09:00:00Z',
      updated_at: '2026-01-05T09:00:00Z',
      suspended_by: null,
      repository_selection: 'selected',
      app_id: app.id,
      app_slug: app.slug,
      target_type: 'Organization',
      permissions: app.permissions,
      events: [],
      suspended_at: found[1].suspended ? '2026-01-05T09:00:00Z' : null,
    },
  };
}

function newToken(world: GithubWorld, app: GithubApp, id: number): ForgeAnswer {
  const installation = app.installations.get(id);
  if (!installation) return notFound;
  if (installation.suspended) return failure(403, 'This installation has been suspended');
  const token = `ghs_${randomBytes(18).toString('base64url')}`;
  const expiresAt = new Date(Date.now() + app.tokenLifeMs);
  const knownFrom = new Date(Date.now() + (app.tokenLagMs ?? 0));
  world.tokens.set(token, { login: `${app.slug}[bot]`, permissions: app.permissions, expiresAt, knownFrom });
  return {
    status: 201,
    body: {
      token,
      expires_at: `${expiresAt.toISOString().slice(0, 19)}Z`,
      permissions: app.permissions,
      repository_selection: 'selected',
    },
  };
}
