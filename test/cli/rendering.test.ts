/** `towpath render` and `towpath validate` on files and folders; nothing is contacted. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const deployment = join(projectFolder, 'examples/direct/deployment.yaml');
const planted = 'sk-planted-in-a-file-11';

describe('towpath render', () => {
  it('prints one stream of YAML, the same at each run', async () => {
    const [once, twice] = await Promise.all([runTowpath(['render', deployment]), runTowpath(['render', deployment])]);

    expect(once.code).toBe(0);
    expect(once.stdout).toMatch(/^---\n# api\.deployment\.yaml\napiVersion: apps\/v1\nkind: Deployment\n/);
    expect(once.stdout).not.toContain('kind: Kustomization');
    expect(twice.stdout).toBe(once.stdout);
  });

  it('names the Secrets that a cluster would need, and never their values', async () => {
    const path = join(await temporaryFolder('render'), 'chat.json');
    const body = {
      name: 'chat',
      source_config: { resource_spec: {} },
      source_revision_config: { image_uri: 'registry.example/chat:1' },
      secrets: [{ name: 'TOKEN', value: planted }],
    };
    await writeFile(path, JSON.stringify(body));

    const { code, stdout, stderr } = await runTowpath(['render', path, '--namespace', 'team-a', '--json']);

    expect(code).toBe(0);
    expect(stderr).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-env-[0-9a-f]{10}" in namespace team-a/);
    expect(JSON.parse(stdout).files['api.deployment.yaml']).toContain('namespace: team-a');
    expect(stdout + stderr).not.toContain(planted);
  });

  it('renders for the configuration’s listener, and refuses what is another’s', async () => {
    const folder = await temporaryFolder('render');
    const [own, other] = ['0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11', '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a12'];
    const configuration = {
      controlPlane: { url: 'https://control-plane.example', apiKeyEnv: 'UNUSED' },
      listener: { id: own },
      namespaces: { 'team-a': { repository: 'https://git.example/team-a.git' } },
    };
    await writeFile(join(folder, 'towpath.yaml'), JSON.stringify(configuration));
    const renderFor = async (listener_id: string | null) => {
      const source_config = { listener_id, listener_config: { k8s_namespace: 'team-a' } };
      const body = { name: 'chat', source_config, source_revision_config: { image_uri: 'registry.example/chat:1' } };
      await writeFile(join(folder, 'chat.json'), JSON.stringify(body));
      return runTowpath(['render', join(folder, 'chat.json'), '--config', join(folder, 'towpath.yaml')]);
    };

    const nobodys = await renderFor(null);
    const others = await renderFor(other ?? '');

    expect(nobodys).toMatchObject({ code: 0, stdout: expect.stringContaining(`towpath.dev/listener-id: ${own}`) });
    expect(others).toMatchObject({ code: 1, stdout: '' });
    expect(others.stderr).toContain(`it is for listener ${other}, and the configuration is that of listener ${own}`);
  });

  it.each([
    ['no such file', 'missing.yaml', null, 'there is no such file; name a file, or the id of a deployment'],
    ['no deployment', 'a.yaml', 'just text', 'expected object'],
    [
      'no namespace',
      'b.yaml',
      'name: a\nsource_config: {}\nsource_revision_config: { image_uri: a }',
      'give --namespace',
    ],
    ['not YAML', 'c.yaml', 'a: [', 'it is neither YAML nor JSON'],
    [
      'what the policy refuses',
      'd.yaml',
      'name: a\nsource_config: { listener_config: { k8s_namespace: x }, resource_spec: { labels: { towpath.dev/x: y } } }\nsource_revision_config: { image_uri: a }',
      'resource_spec.labels["towpath.dev/x"]: is reserved',
    ],
  ])('refuses in a sentence: %s', async (_, name, text, wanted) => {
    const path = join(await temporaryFolder('render'), name);
    if (text !== null) await writeFile(path, text);

    const { code, stdout, stderr } = await runTowpath(['render', path]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(wanted);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('towpath validate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder('rendered');
    await runTowpath(['render', deployment, '--output', join(folder, 'deployments/chat')]);
  });

  it('accepts what was rendered, from the folder itself and from above', async () => {
    const above = await runTowpath(['validate', folder]);
    const itself = await runTowpath(['validate', join(folder, 'deployments/chat'), '--json']);

    expect(above).toMatchObject({ code: 0, stdout: expect.stringContaining('1 deployment valid') });
    expect(JSON.parse(itself.stdout).findings).toEqual([]);
    expect(await readdir(join(folder, 'deployments/chat'))).toContain('kustomization.yaml');
  });

  it('names file, line and place of each fault at once', async () => {
    const path = join(folder, 'deployments/chat/api.service.yaml');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('targetPort:', 'tagetPort:').replace('kind: Service', 'kind: Servic'));
    const other = join(folder, 'deployments/chat/api.deployment.yaml');
    await writeFile(other, (await readFile(other, 'utf8')).replace('containerPort: 8000', 'containerPort: "8000"'));

    const { code, stdout } = await runTowpath(['validate', folder]);

    expect(code).toBe(1);
    expect(stdout).toMatch(/api\.service\.yaml:2 \/kind: there is no kind v1 Servic, did you mean "Service"\?/);
    expect(stdout).toMatch(
      /api\.deployment\.yaml:[0-9]+ \/spec\/template\/spec\/containers\/0\/ports\/0\/containerPort: /,
    );
  });

  it('refuses a folder without manifests', async () => {
    const { code, stderr } = await runTowpath(['validate', await temporaryFolder('empty')]);

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('there is no kustomization.yaml in it'),
    });
  });
});
