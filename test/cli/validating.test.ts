/** `towpath validate` on a configuration: its text, the files that it names, and what it would render, all at once. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationFindings } from '../../src/cli/validate/configuration.ts';
import { describeFinding } from '../../src/domain/finding.ts';
import { runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const head = `controlPlane: { url: "https://a.example", apiKeyFile: api-key }
listener: { id: 0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11 }
`;

async function found(text: string, files: Readonly<Record<string, string | null>> = {}, isWhole = true) {
  const folder = await temporaryFolder('validate');
  for (const [name, content] of Object.entries({ 'api-key': 'k', ...files })) {
    if (content === null) await mkdir(join(folder, name));
    else await writeFile(join(folder, name), content);
  }
  const path = join(folder, 'towpath.yaml');
  await writeFile(path, text);
  const findings = await configurationFindings({ path, files: isWhole });
  return findings.map((one) =>
    describeFinding(one)
      .replaceAll(`${folder}/`, '')
      .replace(/^towpath\.yaml:/, ''),
  );
}

it('finds what rendering would find without a deployment, once for all namespaces', async () => {
  const text = `${head}namespaces:
  team-a: { repository: "https://git.example/a.git" }
  team-b: { repository: "https://git.example/b.git", templates: lgp, deletion: { data: delete } }
agentServer:
  environment:
    LANGSMITH_TENANT_ID: x
    BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: "99999"
    POSTGRES_URI_CUSTOM: "postgres://a:b@c/d"
    LOG_LEVEL: debug
`;

  expect(await found(text)).toEqual([
    "8 agentServer.environment.LANGSMITH_TENANT_ID: 'LANGSMITH_TENANT_ID' is reserved; take it out of agentServer.environment",
    '9 agentServer.environment.BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: the server allows at most 3600',
    expect.stringMatching(/^10 agentServer\.environment\.POSTGRES_URI_CUSTOM: give POSTGRES_URI_CUSTOM by secrets/),
  ]);
});

it('finds them beside faults of the text', async () => {
  const text = `${head}namespaces:
  team-a: { repository: "https://git.example/a.git", drift: never, kubernetesVersion: 1.30 }
agentServer: { environment: { LANGSMITH_TENANT_ID: x }, redis: { kind: in-cluster, image: "no image" } }
`;

  expect(await found(text)).toEqual([
    '4 namespaces.team-a.kubernetesVersion: expected a string, found the number 1.30; write it in quotes: "1.30"',
    '4 namespaces.team-a.drift: expected hold or restore, found "never"',
    '5 agentServer.redis.image: expected an image such as docker.io/library/redis:7',
    expect.stringContaining("agentServer.environment.LANGSMITH_TENANT_ID: 'LANGSMITH_TENANT_ID' is reserved"),
  ]);
});

it('lets pass what some deployments can be rendered with', async () => {
  const external = `${head}namespaces: { a: { repository: "https://git.example/a.git", secrets: { mode: external-secrets, store: { name: s } } } }
agentServer: { database: { kind: external }, redis: { kind: external } }
`;

  expect(await found(external)).toEqual([]);
});

it('tells which template cannot be rendered, and of which set', async () => {
  const text = `${head}namespaces: { a: { repository: "https://git.example/a.git", templates: ./own } }\n`;

  expect(await found(text)).toEqual([expect.stringContaining('namespaces.a.templates: Cannot read the templates "')]);
});

it('looks at every file that is named, and at what it holds', async () => {
  const text = `${head.replace('api-key }', 'api-key, caFile: ca.pem }')}webhooks: { port: 0, secretFile: hook }
git: { signing: { kind: ssh, keyFile: sign } }
cluster: { kubeconfig: clusters/none.yaml }
namespaces:
  a:
    repository: https://git.example/a.git
    credentials: { passwordFile: folder }
    secrets: { mode: sealed-secrets, keyFile: key, certificateFile: cert }
    publication: { mode: proposed, forge: gitea, bodyTemplateFile: body, titleTemplateFile: title }
  b:
    repository: ssh://git@git.example/b.git
    credentials: { sshKeyFile: none, sshKnownHostsFile: empty }
    secrets: { mode: sops, recipientsFile: recipients, keyFile: gone }
agentServer: { environment: { configFile: stays } }
`;
  const files = { 'ca.pem': 'x', hook: 'two\nlines', sign: 'x', folder: null, key: 'x', cert: 'x', empty: '' };
  const templates = { body: '{{#if}}', title: 't', recipients: 'age1x' };

  const whole = await found(text, { ...files, ...templates });

  expect(whole.map((line) => line.split(': ')[0])).toEqual([
    '1 controlPlane.caFile',
    '3 webhooks.secretFile',
    '4 git.signing.keyFile',
    '5 cluster.kubeconfig',
    '9 namespaces.a.credentials.passwordFile',
    '10 namespaces.a.secrets.keyFile',
    '10 namespaces.a.secrets.certificateFile',
    '11 namespaces.a.publication.titleTemplateFile',
    '14 namespaces.b.credentials.sshKeyFile',
    '14 namespaces.b.credentials.sshKnownHostsFile',
    '15 namespaces.b.secrets.keyFile',
    '15 namespaces.b.secrets.recipientsFile',
  ]);
  expect(whole.join('\n')).not.toMatch(/undefined|null|ENOENT|EISDIR|error:[0-9A-F]/);
  expect(await found(text, { ...files, ...templates }, false)).toEqual([]);
});

it('looks at files also where the text has faults, and is told not to by --no-files', async () => {
  const folder = await temporaryFolder('validate');
  const path = join(folder, 'towpath.yaml');
  await writeFile(path, `${head}namespaces: { a: { repository: "https://git.example/a.git", drift: no } }\n`);

  const [whole, without] = [await runTowpath(['validate', path]), await runTowpath(['validate', '--no-files', path])];

  expect(whole).toMatchObject({ code: 1, stdout: expect.stringContaining('api-key": there is no such file\n') });
  expect(whole.stdout).toContain('2 problems\n');
  expect(without).toMatchObject({ code: 1, stdout: expect.stringContaining('1 problem\n') });
});
