import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfiguration, loadConfiguration } from '../../src/cli/configuration/load.ts';
import { nearestWord } from '../../src/core/nearest-word.ts';
import { describeFinding } from '../../src/domain/finding.ts';

const good = `controlPlane:
  url: https://control-plane.example/
  apiKeyFile: keys/api-key
listener:
  id: 0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11
namespaces:
  team-a:
    repository: https://git.example/deployments/team-a.git
    templates: ./my-set
    credentials: { username: towpath, passwordFile: /run/secrets/git }
agentServer:
  environment: { configFile: stays }
cluster: { kubeconfig: clusters/production.yaml, context: clusters/production }
`;

describe('a configuration', () => {
  it('is read with every default filled in', () => {
    const checked = checkConfiguration(good, 'towpath.yaml');

    expect(checked).toMatchObject({
      kind: 'valid',
      configuration: {
        controlPlane: { url: 'https://control-plane.example', mode: 'auto' },
        namespaces: { 'team-a': { branch: 'main', drift: 'hold', engine: 'auto' } },
      },
    });
  });

  it('finds its files beside itself, wherever the command is started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'towpath-configuration-'));
    try {
      await writeFile(join(folder, 'towpath.yaml'), good);

      const loaded = await loadConfiguration(join(folder, 'towpath.yaml'));

      const namespace = Object.values(loaded.namespaces)[0];
      expect(loaded.controlPlane.apiKeyFile).toBe(join(folder, 'keys/api-key'));
      expect(loaded.listener.dataFolder).toBe(join(folder, '.towpath-listener'));
      expect(loaded.cluster).toEqual({
        kubeconfig: join(folder, 'clusters/production.yaml'),
        context: 'clusters/production',
      });
      expect(namespace?.templates).toBe(join(folder, 'my-set'));
      expect(namespace?.credentials?.passwordFile).toBe('/run/secrets/git');
      expect(loaded.agentServer.environment).toEqual({ configFile: 'stays' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names every problem at once, with its line, its path and what to write instead', () => {
    const text = `controlPlane:
  url: control-plane.example
  apiKeyfile: x
listner: {}
namespaces:
  Team_A: { repository: https://git.example/a.git }
  team-b:
    repository: git.example
    branch: "a..b"
    drift: restor
    route: { kind: ingres }
    deletion: { within: 7 days, max: many }
    kustomize: { components: [ok, ../up] }
    secrets: { keyFile: a, keyEnv: B }
`;

    expect(problems(text)).toEqual([
      '1 agentServer.auth: must be said because team-b has a route: an agent is never public by default',
      '2 controlPlane.url: expected a URL such as https://control-plane.example',
      '3 controlPlane.apiKeyfile: unknown option; did you mean apiKeyFile?',
      '4 listner: unknown option; did you mean listener?',
      '4 listner.id: is missing',
      '6 namespaces.Team_A: expected a Kubernetes namespace: lower-case letters, digits and "-", at most 63 characters',
      '8 namespaces.team-b.repository: expected https://host/path, http://host/path, ssh://user@host/path or user@host:path',
      '9 namespaces.team-b.branch: git does not allow this as the name of a branch',
      '10 namespaces.team-b.drift: expected hold or restore, found "restor"; did you mean restore?',
      '11 namespaces.team-b.route.kind: expected none, ingress, gateway or istio, found "ingres"; did you mean ingress?',
      '11 namespaces.team-b.route: name where agents answer by host or hostSuffix',
      '12 namespaces.team-b.deletion.max: expected a number, found "many"',
      '12 namespaces.team-b.deletion.within: expected a duration such as 500ms, 10s, 5m, 1h or 2d',
      '13 namespaces.team-b.kustomize.components.1: expected a relative path of plain segments inside the repository',
      '14 namespaces.team-b.secrets.keyEnv: say either keyFile or keyEnv, not both',
    ]);
  });

  it('hides nothing behind a bad name, a wrong word, a misspelt option or a namespace that is none', () => {
    const text = `controlPlane: { url: https://a.example, apiKeyFile: k }
listener: { id: 0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11 }
namespces:
  Team_A:
    repository: git@git.example:x/y.git
    secrets: { mode: clustr, keyFile: a, keyEnv: B }
    route: { kind: ingress }
  team-b:
    repository: git@git.example:x/y.git
    publication: { mode: proposd, interval: 3s, reviewers: ada }
    policy: { allowPriviliged: no }
  team-c: 5
`;

    expect(problems(text)).toEqual([
      '1 agentServer.auth: must be said because Team_A has a route: an agent is never public by default',
      '3 namespces: unknown option; did you mean namespaces?',
      '4 namespces.Team_A: expected a Kubernetes namespace: lower-case letters, digits and "-", at most 63 characters',
      '4 namespces.Team_A.credentials: an SSH repository needs sshKeyFile',
      '6 namespces.Team_A.secrets.mode: expected cluster, sealed-secrets, sops or external-secrets, found "clustr"; did you mean cluster?',
      '6 namespces.Team_A.secrets.keyEnv: say either keyFile or keyEnv, not both',
      '7 namespces.Team_A.route: name where agents answer by host or hostSuffix',
      '8 namespces.team-b.credentials: an SSH repository needs sshKeyFile',
      '9 namespces.team-b.repository: is the repository and branch of Team_A too; each namespace needs its own',
      '10 namespces.team-b.publication.mode: expected direct or proposed, found "proposd"; did you mean proposed?',
      '10 namespces.team-b.publication.interval: a forge is not asked more often than every 10s',
      '10 namespces.team-b.publication.reviewers: expected a list, found "ada"',
      '10 namespces.team-b.publication.forge: must be said: gitea, github or gitlab',
      '10 namespces.team-b.publication.tokenFile: name a token for the forge’s API by tokenFile, tokenEnv or the credentials',
      '11 namespces.team-b.policy.allowPriviliged: unknown option; did you mean allowPrivileged?',
      '11 namespces.team-b.policy.allowPriviliged: expected true or false, found "no"; write false',
      '12 namespces.team-c: expected a map, found the number 5',
    ]);
  });

  it.each([
    ['kubernetesVersion: 1.30', 'expected a string, found the number 1.30; write it in quotes: "1.30"'],
    ['templates: true', 'expected a string, found true; write it in quotes: "true"'],
    ['rollout: { deadline: 60 }', 'expected a duration such as 500ms, 10s, 5m, 1h or 2d'],
    ['acceptHistory: 1234567', 'expected all 40 hex digits of a commit'],
    ['createBranch: yes', 'expected true or false, found "yes"; write true'],
    ['createBranch: "true"', 'expected true or false, found "true"; write it without quotes: true'],
    ['pushesPerMinute: "6"', 'expected a number, found "6"; write it without quotes: 6'],
    ['pushesPerMinute: 0', 'expected at least 1, found 0'],
    ['pushesPerMinute: 1.5', 'expected a whole number, found the number 1.5'],
    ['secrets: { mode: [] }', 'expected cluster, sealed-secrets, sops or external-secrets, found a list'],
    ['secrets: { mode: }', 'expected cluster, sealed-secrets, sops or external-secrets, found nothing'],
    ['credentials: { githubApp: { id: [], privateKeyFile: k } }', 'expected a string or a number, found a list'],
    ['policy: { extraKinds: [5] }', 'expected <apiVersion>/<kind>'],
  ])('says how to write %s', (option, why) => {
    const found = problems(plain(option));

    expect(found.map((line) => line.replace(/^\d+ [^:]+: /, ''))).toEqual([why]);
  });

  it.each([
    ['https://bot:hunter2@git.example/b.git', 'holds a user name or password'],
    ['/srv/git/b.git', 'expected https://host/path'],
    ['ssh://git@git.example/deployments/b.git', 'an SSH repository needs sshKeyFile'],
    ['git@git.example:deployments/b.git', 'an SSH repository needs sshKeyFile'],
  ])('refuses the repository %s', (repository, why) => {
    const found = problems(good.replace('https://git.example/deployments/team-a.git', repository)).join('\n');

    expect(found).toContain(why);
    expect(found).not.toContain('hunter2');
  });

  it.each([
    ['engine: argo-cd, secrets: { mode: sops, recipients: [AGE] }', 'sops cannot be used with Argo CD'],
    ['secrets: { mode: sops }', 'name the age recipients'],
    ['secrets: { mode: sops, recipients: [AGE], recipientsFile: r }', 'say either recipients or recipientsFile'],
    ['publication: { mode: proposed, tokenFile: t }', 'must be said: gitea, github or gitlab'],
    ['publication: { mode: proposed, forge: gitea }', 'name a token for the forge’s API'],
    [
      'publication: { mode: proposed, forge: gitea, tokenFile: t, interval: 5s }',
      'not asked more often than every 10s',
    ],
    ['publication: { mode: direct, commits: api, forge: gitea, tokenFile: t }', 'api is GitHub’s alone'],
    ['publication: { mode: proposed, forge: gitea, tokenFile: t, branchPrefix: ma/ }, branch: ma/in', 'begins with it'],
    [
      'publication: { mode: proposed, forge: gitea, tokenFile: t, merge: fast-forward, autoMerge: squash }',
      'cannot be used with merge: fast-forward',
    ],
  ])('refuses what cannot go together: %s', (options, why) => {
    expect(problems(plain(options)).join('\n')).toContain(why);
  });

  it.each([
    ['isomorphic-git makes no branches', 'backend: isomorphic-git', 'proposed needs git.backend: native'],
    ['GitHub signs by itself', 'signing: { kind: gpg, keyFile: k }', 'GitHub signs these commits itself'],
  ])('refuses what the options of git rule out: %s', (_, git, why) => {
    const commits = git.startsWith('signing') ? ', commits: api' : '';
    const text = plain(`publication: { mode: proposed, forge: github, tokenFile: t${commits} }`);

    expect(problems(`${text}git: { ${git} }\n`).join('\n')).toContain(why);
  });

  it('insists on agentServer.auth once there is a route, and on a repository a namespace', () => {
    const route = '    route: { kind: ingress, host: a.example }\n';
    const second = '  team-b: { repository: "https://git.example/deployments/team-a" }\n';

    const found = problems(good.replace('agentServer:', `${route}${second}agentServer:`));

    expect(found).toEqual([
      '12 namespaces.team-b.repository: is the repository and branch of team-a too; each namespace needs its own',
      expect.stringMatching(/^13 agentServer.auth: must be said because team-a has a route/),
    ]);
  });

  it('refuses timings by which two replicas would lead, or none for long', () => {
    const election = (timings: string) => good.replace('namespaces:', `  leaderElection: ${timings}\nnamespaces:`);

    expect(problems(election('{ leaseDuration: 10s, retryPeriod: 9s }'))).toEqual([
      expect.stringMatching(/^6 listener.leaderElection.leaseDuration: .* must be longer than renewDeadline/),
      expect.stringMatching(/^6 listener.leaderElection.renewDeadline: .* longer than 1.2 times retryPeriod/),
    ]);
    expect(problems(election('{ leaseDuration: 6s, renewDeadline: 4s, retryPeriod: 1s }'))).toEqual([]);
  });

  it('says before there is a deployment what an LGP cannot say', () => {
    const server = `agentServer:
  auth: { kind: none }
  runAsUser: 999
  database: { kind: in-cluster, image: "postgres:17", storageClassName: fast }
  redis: { kind: in-cluster, image: "redis:8" }
`;
    const route = '    route: { kind: ingress, hostSuffix: a.example, className: nginx, tls: { secretName: a } }\n';
    const operated = good.replace('./my-set', 'lgp');

    const all = problems(operated.replace('agentServer:\n', `${route}${server}`));

    expect(all.map((line) => line.replace(/^\d+ ([^:]+):.*$/, '$1'))).toEqual([
      'namespaces.team-a.deletion.data',
      'namespaces.team-a.route.hostSuffix',
      'namespaces.team-a.route.className',
      'namespaces.team-a.route.tls.secretName',
      'agentServer.runAsUser',
      'agentServer.database.image',
      'agentServer.database.storageClassName',
      'agentServer.redis.image',
    ]);
  });

  it('leaves to rendering what another set beside the lgp may need', () => {
    const second = '  team-b: { repository: "https://git.example/deployments/team-b.git" }\n';
    const own = 'agentServer:\n  database: { kind: in-cluster, image: "postgres:17" }\n';
    const text = good.replace('./my-set', 'lgp\n    deletion: { data: delete }').replace('agentServer:\n', own);

    expect(problems(text)).toEqual([expect.stringContaining('agentServer.database.image: the operator chooses')]);
    expect(problems(text.replace('agentServer:', `${second}agentServer:`))).toEqual([]);
  });

  it.each([
    ['a: [1', /^1: not valid YAML: /],
    ['a: 1\na: 2', /^2: not valid YAML: this key stands here a second time; keep one of them$/],
    ['', /controlPlane: is missing/],
    ['- 1', /expected a map, found a list/],
  ])('says what is wrong with %j', (text, wanted) => {
    expect(problems(text).join('\n')).toMatch(wanted);
  });

  it('says which file is not there', async () => {
    await expect(loadConfiguration('/nowhere/towpath.yaml')).rejects.toThrow(
      'Cannot read the configuration "/nowhere/towpath.yaml": there is no such file',
    );
  });
});

it.each([
  ['api_key_file', 'apiKeyFile'],
  ['repositry', 'repository'],
  ['zebra', null],
])('takes %s for %s', (name, meant) => {
  expect(nearestWord(name, ['apiKeyFile', 'repository', 'route'])).toBe(meant);
});

/** One namespace with these options, and nothing else that could be wrong. */
function plain(options: string): string {
  const id = '0b6c2f6e-6b0e-4b8e-9a53-5f0f3d1b2c3d';
  const namespace = `{ repository: "https://git.example/a.git", ${options.replace('AGE', `age1${'q'.repeat(58)}`)} }`;
  return `controlPlane: { url: "https://a.example", apiKeyFile: k }\nlistener: { id: ${id} }\nnamespaces: { a: ${namespace} }\n`;
}

function problems(text: string): string[] {
  const checked = checkConfiguration(text, 'towpath.yaml');
  const lines = checked.kind === 'invalid' ? checked.findings.map(describeFinding) : [];
  return lines.map((line) => line.replace(/^towpath\.yaml:?/, ''));
}
