/**
 * GitHub on loopback: REST, GraphQL and git over HTTP with the same tokens, in front of a real bare repository. Paths,
 * shapes and words are those of github/rest-api-description (2022-11-28) and of answers that were seen in public.
 */
import { randomBytes } from 'node:crypto';
import { type ForgeCall, type ForgeServer, startForgeServer } from './forge-server.ts';
import { type ServedRepository, servedRepository } from './forge-server-pulls.ts';
import { misfits } from './github-description.ts';
import { graphqlMisfits } from './github-graphql-schema.ts';
import { appRoutes } from './github-server-app.ts';
import { graphqlRoute } from './github-server-graphql.ts';
import { repositoryRoutes } from './github-server-repository.ts';
import { pullRoutes } from './github-server-routes.ts';
import { failure } from './github-server-shapes.ts';
import { type GithubToken, type GithubWorld, notFound } from './github-server-world.ts';

export interface GithubServer extends Omit<ForgeServer, 'gitRepository'> {
  /** As of an Enterprise server: `<url>/api/v3`. */
  readonly apiUrl: string;
  readonly world: GithubWorld;
  /** Makes it, with `people` who may write, or gives the one that is there. */
  repository(path: string, people?: Readonly<Record<string, 'admin' | 'write' | 'read'>>): Promise<ServedRepository>;
  /** A new token of this person. */
  token(login: string): string;
  revoke(token: string): void;
  rename(from: string, to: string): void;
}

export async function startGithubServer(): Promise<GithubServer> {
  const world: GithubWorld = {
    web: '',
    api: '',
    repositories: new Map(),
    renames: new Map(),
    tokens: new Map(),
    statuses: new Map(),
    pageSize: 100,
    app: null,
    limit: 5000,
    remaining: 5000,
  };
  const server = await startForgeServer({
    routes: [...appRoutes(world), ...repositoryRoutes(world), ...pullRoutes(world), graphqlRoute(world)],
    refuse: (call) => refused(world, call),
    mayUseGit: (password) => (tokenOf(world, password) ? 'allow' : 'unauthenticated'),
    headers: () => limitHeaders(world),
    rewrite: (path) => byId(world, path),
    inspect: (call, path, answer) =>
      /\/graphql$/.test(path) ? graphqlMisfits(call, answer) : misfits(call, path, answer),
    notFound,
  });
  world.web = server.url;
  world.api = `${server.url}/api/v3`;
  return {
    ...server,
    apiUrl: world.api,
    world,
    repository: async (path, people = {}) => {
      const known = world.repositories.get(path);
      const made = known ?? servedRepository(1000 + world.repositories.size, path, await server.gitRepository(path));
      world.repositories.set(path, made);
      for (const [login, right] of Object.entries(people)) made.people.set(login, right);
      return made;
    },
    token: (login) => {
      const token = `ghp_${randomBytes(18).toString('base64url')}`;
      world.tokens.set(token, { login, permissions: null, expiresAt: null });
      return token;
    },
    revoke: (token) => void world.tokens.delete(token),
    rename: (from, to) => {
      const repository = world.repositories.get(from);
      if (!repository) return;
      world.repositories.delete(from);
      world.repositories.set(to, { ...repository, path: to });
      world.renames.set(from, to);
    },
  };
}

function tokenOf(world: GithubWorld, text: string | null): GithubToken | null {
  const token = world.tokens.get(text ?? '');
  const now = new Date();
  if (!token || (token.expiresAt !== null && token.expiresAt <= now)) return null;
  return token.knownFrom !== undefined && token.knownFrom > now ? null : token;
}

/** Endpoints of Apps take a JSON Web Token, which they judge themselves. */
function refused(world: GithubWorld, call: ForgeCall) {
  if (/\/(?:app|app\/.*|installation)$/.test(call.path)) return null;
  if (!tokenOf(world, call.token)) return failure(401, 'Bad credentials');
  if (world.remaining <= 0)
    return failure(
      403,
      'API rate limit exceeded for user ID 1. If you reach out to GitHub Support for help, please include the request ID 0000:0000.',
    );
  world.remaining -= 1;
  return null;
}

function limitHeaders(world: GithubWorld): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(world.limit),
    'x-ratelimit-remaining': String(Math.max(0, world.remaining)),
    'x-ratelimit-used': String(world.limit - world.remaining),
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 1800),
    'x-ratelimit-resource': 'core',
    'x-github-api-version-selected': '2022-11-28',
    'x-github-request-id': '0000:0000:0000000:0000000:00000000',
  };
}

/** `/repositories/<id>/…` is `/repos/<owner>/<name>/…`. */
function byId(world: GithubWorld, path: string): string {
  const [, before = '', id = '', rest = ''] = /^(\/api\/v3)?\/repositories\/(\d+)(.*)$/.exec(path) ?? [];
  const found = [...world.repositories.values()].find((repository) => repository.id === Number(id));
  return found ? `${before}/repos/${found.path}${rest}` : path;
}
