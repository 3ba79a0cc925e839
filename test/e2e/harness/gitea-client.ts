/** What tests do to a running Gitea as its people: users, organisations, repositories, rules and webhooks. */
import { randomBytes } from 'node:crypto';

export interface GiteaUser {
  readonly name: string;
  readonly password: string;
  readonly token: string;
}

export interface GiteaClient {
  readonly url: string;
  readonly users: { readonly admin: GiteaUser; readonly bot: GiteaUser; readonly reviewer: GiteaUser };
  /** The parsed answer; throws with status and text where it is no success. Path below /api/v1. As admin where absent. */
  request(method: string, path: string, body?: unknown, as?: GiteaUser): Promise<unknown>;
  makeUser(name: string): Promise<GiteaUser>;
  /** Of the user, with these scopes. */
  makeToken(user: GiteaUser, scopes: readonly string[]): Promise<{ readonly name: string; readonly value: string }>;
  revokeToken(user: GiteaUser, name: string): Promise<void>;
  /** With a name of its own. */
  makeOrganisation(): Promise<string>;
  /** `owner/name`, with a README on main; bot and reviewer may write. In an organisation of its own where absent. */
  makeRepository(options?: { readonly owner?: string; readonly empty?: boolean }): Promise<GiteaRepository>;
}

export interface GiteaRepository {
  /** `owner/name`. */
  readonly name: string;
  /** `/repos/owner/name`, for `request`. */
  readonly path: string;
  /** For git; without credentials. */
  readonly cloneUrl: string;
  /** For git, as this user. */
  cloneUrlOf(user: GiteaUser): string;
  protect(rule: Readonly<Record<string, unknown>>): Promise<void>;
  /** Gitea then tells this address of pushes, pull requests and reviews. */
  addWebhook(url: string, secret: string): Promise<void>;
}

export const botScopes = ['write:repository', 'write:issue', 'read:user', 'read:organization'] as const;

export async function giteaClient(url: string, admin: GiteaUser): Promise<GiteaClient> {
  const request = requester(url, admin);
  const makeToken: GiteaClient['makeToken'] = async (user, scopes) => {
    const order = { name: unique('tests'), scopes };
    const { sha1 } = (await request('POST', `/users/${user.name}/tokens`, order, withoutToken(user))) as {
      sha1: string;
    };
    return { name: order.name, value: sha1 };
  };
  const makeUser = async (name: string): Promise<GiteaUser> => {
    const password = randomBytes(12).toString('hex');
    const email = `${name}@example.invalid`;
    await request('POST', '/admin/users', { username: name, email, password, must_change_password: false });
    const { value } = await makeToken({ name, password, token: '' }, botScopes);
    return { name, password, token: value };
  };
  const users = { admin, bot: await makeUser('bot'), reviewer: await makeUser('reviewer') };
  const makeOrganisation = async (): Promise<string> => {
    const name = unique('org');
    await request('POST', '/orgs', { username: name });
    return name;
  };
  return {
    url,
    users,
    request,
    makeUser,
    makeToken,
    revokeToken: async (user, name) => {
      await request('DELETE', `/users/${user.name}/tokens/${name}`, undefined, withoutToken(user));
    },
    makeOrganisation,
    makeRepository: async ({ owner, empty = false } = {}) => {
      const order = { name: unique('env'), auto_init: !empty, default_branch: 'main', private: true };
      const organisation = owner ?? (await makeOrganisation());
      await request('POST', `/orgs/${organisation}/repos`, order);
      const repository = repositoryOf(url, `${organisation}/${order.name}`, request);
      for (const { name } of [users.bot, users.reviewer]) {
        await request('PUT', `${repository.path}/collaborators/${name}`, { permission: 'write' });
      }
      return repository;
    },
  };
}

function repositoryOf(url: string, name: string, request: GiteaClient['request']): GiteaRepository {
  const path = `/repos/${name}`;
  const cloneUrl = `${url}/${name}.git`;
  return {
    name,
    path,
    cloneUrl,
    cloneUrlOf: (user) => cloneUrl.replace('http://', `http://${user.name}:${user.token}@`),
    protect: async (rule) => {
      await request('POST', `${path}/branch_protections`, { rule_name: 'main', ...rule });
    },
    addWebhook: async (target, secret) => {
      const events = ['push', 'pull_request', 'pull_request_sync', 'pull_request_review', 'status'];
      const config = { url: target, content_type: 'json', secret };
      await request('POST', `${path}/hooks`, { type: 'gitea', active: true, events, config });
    },
  };
}

function requester(url: string, admin: GiteaUser): GiteaClient['request'] {
  return async (method, path, body, as = admin) => {
    const basic = Buffer.from(`${as.name}:${as.password}`).toString('base64');
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        accept: 'application/json',
        authorization: as.token === '' ? `Basic ${basic}` : `token ${as.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Gitea answered ${response.status} to ${method} ${path}: ${text}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
}

/** Tokens are made and revoked by password only. */
function withoutToken(user: GiteaUser): GiteaUser {
  return { ...user, token: '' };
}

function unique(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}
