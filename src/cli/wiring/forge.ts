/** The forge of a namespace, by the kind that its repository lies on: its API, its account, its budget. */
import { readConfiguredFile, textOf, whyUnreadable } from '../../adapters/files/configured-file.ts';
import type { GithubAppAccess } from '../../adapters/forge/github/app.ts';
import type { GithubHttp } from '../../adapters/forge/github/http.ts';
import type { ForgeHttpSettings } from '../../adapters/forge/http/forge-http-settings.ts';
import { openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import { checkPullRequestTemplates } from '../../core/pull-request/example.ts';
import type { Git } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { ProposedPublication } from '../../domain/configuration-publication.ts';
import { TowpathError } from '../../domain/failure.ts';
import { type ForgeAddress, forgeAddress } from '../../domain/forge-address.ts';
import type { PullRequestTemplates } from '../../domain/pull-request.ts';
import type { NamespaceParts } from '../../listener/context.ts';
import type { Branches, Forge, Repository } from '../../ports.ts';
import { version } from '../version.ts';
import type { Surroundings } from './cluster.ts';
import { budgetedForge, type ForgeBudgets } from './forge-budgets.ts';
import { readToken, tokenPlace } from './forge-token.ts';
import { openGithubApp } from './github-app.ts';

interface ForgeSurroundings extends Surroundings {
  readonly git: Pick<Git, 'timeout'>;
  readonly budgets: ForgeBudgets;
}

/** What the kind of forge brings; `github` is there where it is one. */
export interface OpenedForge {
  readonly forge: Forge;
  readonly github: { readonly http: GithubHttp; readonly app: GithubAppAccess | null } | null;
}

/** How changes go out: the repository as it makes its commits, and the forge where they are proposed. */
export async function openPublication(
  settings: Namespace,
  git: Repository,
  surroundings: ForgeSurroundings,
): Promise<Pick<NamespaceParts, 'repository' | 'review'>> {
  const { publication } = settings;
  if (publication.mode === 'direct' && publication.commits === 'push') return { repository: git, review: null };
  const words = publication.mode === 'proposed' ? await readWords(publication) : null;
  const { forge, github } = await openForge(settings, surroundings);
  const branches = branchesOf(git);
  const repository = publication.commits === 'api' ? await committingByApi(settings, branches, github) : branches;
  if (words === null) return { repository: disposingToo(repository, forge), review: null };
  return { repository, review: { forge, branches: repository, words } };
}

/** The templates of pull requests, tried on an example. */
export async function readWords({
  titleTemplateFile,
  bodyTemplateFile,
}: ProposedPublication): Promise<PullRequestTemplates> {
  const words = {
    title: await readTemplate(titleTemplateFile, 'publication.titleTemplateFile'),
    body: await readTemplate(bodyTemplateFile, 'publication.bodyTemplateFile'),
  };
  checkPullRequestTemplates(words);
  return words;
}

/** The configuration allows it on GitHub alone. */
async function committingByApi(
  settings: Namespace,
  repository: Repository & Branches,
  github: OpenedForge['github'],
): Promise<Repository & Branches> {
  const name = forgeAddress(settings)?.repository;
  if (github === null || name === undefined) throw new RangeError(`Cannot commit by the API of ${repository.url}`);
  const { githubApiCommits } = await import('../../adapters/forge/github/commits.ts');
  return githubApiCommits({ repository, http: github.http, name });
}

/** Nobody but the repository knows of this forge. */
function disposingToo(repository: Repository, forge: Forge): Repository {
  return {
    ...repository,
    close: async () => {
      await repository.close();
      await forge.dispose();
    },
  };
}

/** `dispose` of the forge ends all that was opened for it. */
export async function openForge(settings: Namespace, surroundings: ForgeSurroundings): Promise<OpenedForge> {
  const address = forgeAddress(settings);
  if (address === null) throw new RangeError(`Cannot tell the forge of ${settings.repository}`);
  const budget = surroundings.budgets.of(settings, address);
  const dispatcher = openDispatcher({
    caFile: settings.caFile,
    caOption: 'caFile of the namespace',
    proxy: settings.proxy,
  });
  const http: HttpParts = {
    apiUrl: address.apiUrl,
    dispatcher,
    proxy: settings.proxy,
    timeoutMs: surroundings.git.timeout,
    userAgent: `towpath/${version()}`,
    budget: { take: budget.take },
    onAnswer: (code, ms) => surroundings.telemetry.request('forge', code, ms),
  };
  const opened = await openKind(settings, address, http, surroundings);
  const dispose = async (): Promise<void> => {
    await opened.forge.dispose();
    await opened.github?.app?.dispose();
    await dispatcher.destroy();
  };
  return { ...opened, forge: { ...budgetedForge(opened.forge, budget, surroundings.clock), dispose } };
}

type HttpParts = Omit<ForgeHttpSettings, 'token'>;

/** Each kind is loaded only where it is used. */
async function openKind(
  settings: Namespace,
  { kind, apiUrl, repository }: ForgeAddress,
  parts: HttpParts,
  { log, clock }: ForgeSurroundings,
): Promise<OpenedForge> {
  const { branch: base } = settings;
  const place = tokenPlace(settings);
  const http = { ...parts, token: place === null ? async () => '' : () => readToken(place) };
  switch (kind) {
    case 'gitea': {
      const [{ forgeHttp }, { giteaForge }] = await Promise.all([
        import('../../adapters/forge/http/http.ts'),
        import('../../adapters/forge/gitea/forge.ts'),
      ]);
      const forge = giteaForge({ http: forgeHttp(http), repository, base, log, now: () => clock.now() });
      return { forge, github: null };
    }
    case 'github': {
      const [{ githubHttp }, { githubForge }] = await Promise.all([
        import('../../adapters/forge/github/http.ts'),
        import('../../adapters/forge/github/forge.ts'),
      ]);
      const app = place === null ? await openGithubApp(settings, parts) : null;
      const client = githubHttp(http, app);
      return { forge: githubForge({ http: client, apiUrl, repository, base, app }), github: { http: client, app } };
    }
    case 'gitlab': {
      const [{ forgeHttp }, { gitlabForge }] = await Promise.all([
        import('../../adapters/forge/http/http.ts'),
        import('../../adapters/forge/gitlab/forge.ts'),
      ]);
      return { forge: gitlabForge({ http: forgeHttp(http), repository, base }), github: null };
    }
    default:
      return kind satisfies never;
  }
}

/** The configuration refuses other backends with `proposed` and with commits by the API. */
function branchesOf(repository: Repository): Repository & Branches {
  if (isBranches(repository)) return repository;
  throw new RangeError(`Cannot propose on ${repository.url}: its backend makes no branches`);
}

function isBranches(repository: Repository): repository is Repository & Branches {
  return 'propose' in repository && 'tips' in repository;
}

async function readTemplate(path: string | undefined, option: string): Promise<string | null> {
  if (path === undefined) return null;
  try {
    return textOf(await readConfiguredFile(path));
  } catch (cause) {
    const message = `Cannot read the template "${path}": ${whyUnreadable(cause)}; check ${option}`;
    throw new TowpathError('terminal', 'UnreadableTemplate', message, { cause });
  }
}
