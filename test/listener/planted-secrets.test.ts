/** Secret values and rendered files: what leaks is refused, what coincides is not. */
import { describe, expect, it } from 'vitest';
import { sensitiveValues } from '../../src/core/secrets/planted-secrets.ts';
import { DeploymentName } from '../../src/domain/identifiers.ts';
import { leftSecret } from '../../src/listener/prepare.ts';
import { createRenderer } from '../../src/listener/renderer.ts';
import { refuseLeaks } from '../../src/listener/secrets/leaks.ts';
import { agentServerSet } from '../core/support/agent-server.ts';
import { renderInput } from '../core/support/render-input.ts';
import { schemas } from '../support/validation.ts';

const renderer = createRenderer(agentServerSet, schemas);
const token = 'sk-proj-3f9c2a71d0';

function said(resourceSpec: object, values: Readonly<Record<string, string>>): readonly string[] {
  const rendering = renderer.render(renderInput({ resourceSpec, secretNames: Object.keys(values) }), values);
  return rendering.kind === 'refused' ? rendering.findings.map((finding) => finding.message) : [];
}

describe('a secret value that a client has written in plain too', () => {
  it.each([
    ['an annotation', { annotations: { note: `token ${token}` } }],
    ['a label', { labels: { token } }],
    ['the name of a label', { labels: { [token]: 'yes' } }],
    ['a sidecar', { sidecars: [{ name: 'a', image: 'a', env: [{ name: 'T', value: token }] }] }],
    ['a command, in base64', { sidecars: [{ name: 'a', image: 'a', args: [Buffer.from(token).toString('base64')] }] }],
  ])('is refused in %s, by the name of the secret', (_, resourceSpec) => {
    const refused = said(resourceSpec, { TOKEN: token });

    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((message) => message.includes('"TOKEN"') && !message.includes(token))).toBe(true);
  });
});

const mounting = (name: string) => ({ name: 'a', image: 'a', volumeMounts: [{ name, mountPath: '/x' }] });

describe('what is said of a field that holds a secret value', () => {
  it('does not repeat it', () => {
    const mounts = [{ name: token, mountPath: '/x' }];
    const refused = said({ sidecars: [{ name: 'a', image: 'a', volumeMounts: mounts }] }, { TOKEN: token });

    expect(refused.join()).toContain('there is no volume "[secret]"');
    expect(refused.join()).not.toContain(token);
  });

  const quoted = 'pass"word\\with$stuff';
  const spaced = 'two  words  here  secret';
  const long = `${'x'.repeat(30)}-secret-${'y'.repeat(1200)}`;
  it.each([
    ['a name that quotes and backslashes are in', quoted, { sidecars: [mounting(quoted)] }],
    ['a key with quotes', quoted, { labels: { [quoted]: 'x' } }],
    ['a name with spaces', spaced, { sidecars: [mounting(spaced)] }],
    ['a name that is shortened', long, { sidecars: [mounting(long)] }],
    ['a key that is shortened', long, { annotations: { [long]: 'x' } }],
  ])('does not repeat it in another form: %s', (_, value, resourceSpec) => {
    const rendering = renderer.render(renderInput({ resourceSpec, secretNames: ['TOKEN'] }), { TOKEN: value });

    const words = JSON.stringify(rendering.kind === 'refused' ? rendering.findings : null);
    expect(words).toContain('secret]');
    expect(words).not.toMatch(/pass|words {1,2}here|xxxxxxxx/);
  });
});

describe('what a message says anyway', () => {
  const deployment = DeploymentName.parse('chat');
  const said = (text: string, sensitive: Readonly<Record<string, string>>) => () =>
    refuseLeaks({ deployment, files: new Map(), texts: new Map([['commit message', text]]), sensitive });

  it('is no leak as a plain word, but it is as a secret', () => {
    const values = { ROLE: 'Workspace', TOKEN: token, PHRASE: 'correct-horse-battery-staple' };

    expect(said('Workspace-Id: 1', values)).not.toThrow();
    expect(said(`Workspace-Id: ${token}`, values)).toThrow('"TOKEN"');
    expect(said('Why: correct-horse-battery-staple', values)).toThrow('"PHRASE"');
  });

  it.each(['https://langsmith.example', 'https://langsmith.example/', 'https://git.example/acme/agents'])(
    'is no leak as the address %s',
    (value) => {
      const context = {
        controlPlaneUrl: 'https://langsmith.example',
        repository: { url: 'https://git.example/acme/agents' },
      };
      const { specification } = renderInput({});

      const left = leftSecret(context, { ENDPOINT: value, TOKEN: token }, { files: new Map(), specification });

      expect(left).toEqual({ TOKEN: token });
    },
  );
});

describe('a value that is in every manifest', () => {
  it.each(['postgres', 'research-agent', 'ghcr.io/acme/research-agent:1.4.2', 'RollingUpdate', 'team-a'])(
    '%s is no leak',
    (value) => {
      expect(said({}, { SETTING: value })).toEqual([]);
    },
  );

  it('is no leak as the plain word of a label either', () => {
    expect(said({ labels: { environment: 'production' } }, { ENVIRONMENT: 'production' })).toEqual([]);
  });

  it('is no leak as a line of a file either', () => {
    const FILE = 'kind: Deployment\nrestartPolicy: Always\n';

    const rendering = renderer.render(
      renderInput({ secretNames: ['FILE'] }),
      sensitiveValues([{ name: 'one', values: { FILE } }]),
    );

    expect(rendering.kind).toBe('rendered');
  });

  it('hides no other', () => {
    const refused = said({ annotations: { note: token } }, { SETTING: 'postgres', TOKEN: token });

    expect(refused.join()).toContain('"TOKEN"');
    expect(refused.join()).not.toContain('"SETTING"');
  });
});
