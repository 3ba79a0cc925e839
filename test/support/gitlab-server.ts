/**
 * GitLab on loopback: REST and git over HTTP with the same tokens, in front of a real bare repository. Paths, shapes and
 * words are those of doc/api of gitlab-org/gitlab (18) and of answers that were seen in public.
 */
import { randomBytes } from 'node:crypto';
import { type ForgeCall, type ForgeServer, startForgeServer } from './forge-server.ts';
import { type ServedRepository, servedRepository } from './forge-server-pulls.ts';
import { misfits } from './gitlab-description.ts';
import { gitlabRoutes } from './gitlab-server-routes.ts';
import { failure, type GitlabWorld } from './gitlab-server-world.ts';

export interface GitlabServer extends Omit<ForgeServer, 'gitRepository'> {
  /** `<url>/api/v4` */
  readonly apiUrl: string;
  readonly world: GitlabWorld;
  /** Makes the project, with its members, or gives the one that is there. */
  repository(path: string, people?: Readonly<Record<string, 'admin' | 'write' | 'read'>>): Promise<ServedRepository>;
  token(username: string, scopes?: readonly string[]): string;
  revoke(token: string): void;
}

interface GitlabServerOptions {
  /** Of a self-managed GitLab below a path: `/gitlab`. */
  readonly subPath?: string;
}

export async function startGitlabServer(options: GitlabServerOptions = {}): Promise<GitlabServer> {
  const world: GitlabWorld = {
    ...{ web: '', pageSize: 100, isDescribed: true },
    ...{ repositories: new Map(), renames: new Map(), tokens: new Map(), listed: new WeakMap() },
  };
  const server = await startForgeServer({
    ...options,
    routes: gitlabRoutes(world),
    refuse: (call) => refused(world, call),
    mayUseGit: (password) => (world.tokens.has(password) ? 'allow' : 'unauthenticated'),
    headers: () => ({
      'ratelimit-limit': '2000',
      'ratelimit-observed': '1',
      'ratelimit-remaining': '1999',
      'ratelimit-reset': String(Math.floor(Date.now() / 1000) + 60),
      'x-gitlab-meta': '{"correlation_id":"01","version":"1"}',
      'x-request-id': '01',
    }),
    inspect: (...given) => (world.isDescribed ? misfits(...given) : []),
    notFound: failure(404, '404 Not Found'),
  });
  world.web = server.url;
  return {
    ...server,
    apiUrl: `${server.url}/api/v4`,
    world,
    repository: async (path, people = {}) => {
      const known = world.repositories.get(path);
      const made = known ?? servedRepository(2000 + world.repositories.size, path, await server.gitRepository(path));
      world.repositories.set(path, made);
      for (const [login, right] of Object.entries(people)) made.people.set(login, right);
      return made;
    },
    token: (username, scopes = ['api']) => {
      const token = `glpat-${randomBytes(15).toString('base64url')}`;
      world.tokens.set(token, { username, scopes });
      return token;
    },
    revoke: (token) => void world.tokens.delete(token),
  };
}

function refused(world: GitlabWorld, call: ForgeCall) {
  const token = world.tokens.get(call.token ?? '');
  if (!token) return failure(401, '401 Unauthorized');
  const isEnough = token.scopes.includes('api') || (call.method === 'GET' && token.scopes.includes('read_api'));
  if (isEnough) return null;
  const error_description = 'The request requires higher privileges than provided by the access token.';
  return { status: 403, body: { error: 'insufficient_scope', error_description, scope: 'api' } };
}
