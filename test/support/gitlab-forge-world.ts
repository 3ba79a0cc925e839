/** GitLab's adapter in front of the stand-in for GitLab, anew for each test of a file, and answers changed on demand. */
import { afterEach, beforeEach } from 'vitest';
import { gitlabForge } from '../../src/adapters/forge/gitlab/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import type { Approval } from '../../src/domain/pull-request.ts';
import type { Forge } from '../../src/ports.ts';
import { request } from '../contract/forge-requests.ts';
import type { ServedPull, ServedRepository } from './forge-server-pulls.ts';
import { type GitlabServer, startGitlabServer } from './gitlab-server.ts';

interface GitlabForgeWorld {
  server: GitlabServer;
  repository: ServedRepository;
  forge: Forge;
  /** Of `towpath`, whose forge it is. */
  token: string;
  /** The forge that a new process would have. */
  open(): void;
  /** A branch of one commit, and its merge request. */
  opened(head?: string, more?: object): Promise<ServedPull>;
  approvalOf(number: number): Promise<Approval>;
  /** The next answer about !1 is what it is, changed so. */
  spoken(change: (found: Record<string, unknown>) => unknown): Promise<void>;
}

export const path = 'acme/platform/environments';

export function gitlabForgeWorld(): GitlabForgeWorld {
  const world = { open, opened, approvalOf, spoken } as GitlabForgeWorld;
  beforeEach(async () => {
    world.server = await startGitlabServer();
    world.repository = await world.server.repository(path, { towpath: 'write', jane: 'write' });
    await world.repository.git.seed({ 'README.md': 'hello\n' });
    world.token = world.server.token('towpath');
    open();
  });
  afterEach(() => world.server.close());
  return world;

  function open(): void {
    const http = forgeHttp({ apiUrl: world.server.apiUrl, token: async () => world.token });
    world.forge = gitlabForge({ http, repository: path, base: 'main' });
  }

  async function opened(head = 'towpath/a', more = {}): Promise<ServedPull> {
    const { git, pulls } = world.repository;
    await git.git('branch', head, 'main');
    await git.seed({ [`${head}.txt`]: 'x\n' }, { branch: head });
    const { number } = await world.forge.create(request(head, more));
    return pulls[number - 1] as ServedPull;
  }

  async function approvalOf(number: number): Promise<Approval> {
    const found = await world.forge.read(number);
    if (!found) throw new RangeError(`There is no !${number}`);
    return world.forge.approval(found);
  }

  async function spoken(change: (found: Record<string, unknown>) => unknown): Promise<void> {
    const where = `${world.server.apiUrl}/projects/${world.repository.id}/merge_requests/1`;
    const found = await fetch(where, { headers: { 'private-token': world.token } });
    const body = change((await found.json()) as Record<string, unknown>);
    const answer = { status: 200, body };
    world.server.faults.push({ on: { path: /merge_requests\/1$/ }, does: { kind: 'answer', answer } });
  }
}
