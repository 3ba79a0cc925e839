import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { type Finished, runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';
import { type ScriptedCluster, scriptedCluster } from './doctor-cluster.ts';

let folder: string;
let cluster: ScriptedCluster;
let config: string;

beforeAll(async () => {
  folder = await temporaryFolder('bootstrap');
  cluster = await scriptedCluster();
  config = join(folder, 'towpath.yaml');
  await writeFile(join(folder, 'password'), 'a-password-that-may-push');
  const credentials = { username: 'bot', passwordFile: 'password' };
  const configuration = {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'key' },
    listener: { id: '0b6c0000-0000-4000-8000-000000000001' },
    namespaces: {
      'team-a': { repository: 'https://git.example/team-a.git', credentials },
      'team-b': { repository: 'https://git.example/team-b.git' },
    },
  };
  await writeFile(config, stringify(configuration));
});

afterAll(() => cluster.close());

describe('towpath bootstrap', () => {
  it('prints objects that kubectl takes, of every namespace or of those that are named', async () => {
    const [all, one] = await Promise.all([bootstrap('argo-cd'), bootstrap('flux', 'team-b')]);

    expect(all.code).toBe(0);
    expect(namesIn(all.stdout)).toEqual([
      'AppProject towpath-team-a',
      'ApplicationSet towpath-team-a',
      'AppProject towpath-team-b',
      'ApplicationSet towpath-team-b',
    ]);
    expect(namesIn(one.stdout)).toEqual(['GitRepository towpath-team-b', 'Kustomization towpath-team-b']);
  });

  it('tells how the engine gets credentials, and shows none', async () => {
    const { stdout, stderr } = await bootstrap('flux');

    expect(stderr).toContain('$ kubectl -n flux-system create secret generic towpath-team-a-git');
    expect(stdout + stderr).not.toContain('a-password-that-may-push');
  });

  it('writes a file an object', async () => {
    const output = join(folder, 'out');

    const { code, stdout } = await bootstrap('argo-cd', 'team-a', '--output', output, '--gpg-key', 'd56c4fca57a46444');

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect((await readdir(output)).sort()).toEqual([
      'argocd.applicationset.towpath-team-a.yaml',
      'argocd.appproject.towpath-team-a.yaml',
    ]);
    const project = parse(await readFile(join(output, 'argocd.appproject.towpath-team-a.yaml'), 'utf8'));
    expect(project.spec.sourceIntegrity.git.policies[0].gpg.keys).toEqual(['D56C4FCA57A46444']);
  });

  it('applies, says what changed, and changes nothing the second time', async () => {
    const words = ['flux', 'team-a', '--apply', '--kubeconfig', cluster.kubeconfig];

    const first = await bootstrap(...words);
    const second = await bootstrap(...words);
    const third = await bootstrap(...words, '--verify-secret', 'signers');

    expect(first.stdout).toBe(
      'GitRepository flux-system/towpath-team-a created\nKustomization flux-system/towpath-team-a created\n',
    );
    expect(second.stdout.match(/unchanged/g)).toHaveLength(2);
    expect(third.stdout).toContain('GitRepository flux-system/towpath-team-a changed');
    expect(
      cluster.objects.get('/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/towpath-team-a'),
    ).toMatchObject({
      spec: { verify: { secretRef: { name: 'signers' } } },
    });
  });

  it('says what the cluster refuses, and what to do', async () => {
    cluster.refusal = { status: 409, message: 'conflict with "kubectl": .spec.url' };

    const { code, stderr } = await bootstrap('flux', 'team-b', '--apply', '--kubeconfig', cluster.kubeconfig);

    cluster.refusal = null;
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot apply GitRepository flux-system/towpath-team-b');
    expect(stderr).toContain('conflict with "kubectl": .spec.url; --force-conflicts takes the fields over');
  });

  it.each([
    [['argo-cd', 'team-c'], 'Cannot bootstrap "team-c": the configuration has no such namespace'],
    [['argo-cd', '--gpg-key', 'mine'], 'Expected the id of a GPG key'],
    [['flux', '--apply', '--kubeconfig', '/nowhere'], 'Cannot use the kubeconfig "/nowhere"'],
  ])('answers %j with a reason and exit code 1', async (words, reason) => {
    const { code, stderr } = await bootstrap(...words);

    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });
});

function bootstrap(...words: readonly string[]): Promise<Finished> {
  return runTowpath(['bootstrap', ...words, '--config', config]);
}

function namesIn(text: string): readonly string[] {
  return parseAllDocuments(text).map((document) => {
    const { kind, metadata } = document.toJS() as { kind: string; metadata: { name: string } };
    return `${kind} ${metadata.name}`;
  });
}
