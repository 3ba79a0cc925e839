import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/cli/configuration/load.ts';
import { checkPullRequestTemplates } from '../../src/core/pull-request/example.ts';
import { pullRequestContent, readMarker } from '../../src/core/pull-request/pull-request.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import { firstDeployment, removal } from '../core/support/review-cases.ts';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const example = join(projectFolder, 'examples/pull-request');

describe('examples/pull-request', () => {
  it('has a configuration that is valid, and a deployment that it renders', async () => {
    const copy = await temporaryFolder('pull-request');
    await cp(example, copy, { recursive: true });
    await writeFile(join(copy, 'key'), 'ab'.repeat(32));
    const [configuration, deployment] = ['towpath.yaml', 'deployment.json'].map((file) => join(copy, file));

    const validated = await runTowpath(['validate', '--no-files', configuration ?? '']);
    const rendered = await runTowpath(['render', deployment ?? '', '--config', configuration ?? '', '--json']);

    expect(validated).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(JSON.parse(rendered.stdout).files)).toContain('route.ingress.yaml');
  });

  it('has templates that make a pull request as the team wants it', async () => {
    const { templates, labels } = await publication();
    checkPullRequestTemplates(templates);

    const proposed = pullRequestContent(await deployed(), { labels, templates, limit: 65_000 });

    expect(proposed.title).toBe('team-a: chat e91d7c34');
    expect(proposed.labels).toEqual(['towpath', 'public']);
    expect(proposed.body).toContain('### What changes\n\n| What | Value |\n');
    expect(proposed.body).toContain(
      '- [ ] Each risk above is meant\n\n- [ ] Change window: see the calendar of team-a\n',
    );
    expect(readMarker(proposed.body)?.change).toBe('deploy');
    expect(proposed.body).not.toContain('an-example-and-no-key');
  });

  it('tells of a removal by the same templates', async () => {
    const { templates, labels } = await publication();

    const proposed = pullRequestContent(removal({ name: 'chat' }), { labels, templates, limit: 65_000 });

    expect(proposed.title).toBe('team-a: remove chat');
    expect(proposed.labels).toEqual(['towpath', 'deletes', 'stateful']);
  });
});

async function publication() {
  const { namespaces } = await loadConfiguration(join(example, 'towpath.yaml'));
  const found = namespaces[NamespaceName.parse('team-a')]?.publication;
  if (found?.mode !== 'proposed') throw new Error('the example proposes nothing');
  const read = (file: string | undefined): Promise<string> => readFile(file ?? '', 'utf8');
  const { titleTemplateFile, bodyTemplateFile, labels } = found;
  return { templates: { title: await read(titleTemplateFile), body: await read(bodyTemplateFile) }, labels };
}

/** The example's own deployment, route and callers' check. */
async function deployed() {
  const {
    name,
    source_config: source,
    source_revision_config: revision,
  } = parse(await readFile(join(example, 'deployment.json'), 'utf8'));
  const { namespaces, agentServer } = parse(await readFile(join(example, 'towpath.yaml'), 'utf8'));
  return firstDeployment({
    name,
    image: revision.image_uri,
    resourceSpec: source.resource_spec,
    secretNames: ['OPENAI_API_KEY'],
    namespace: { route: namespaces['team-a'].route },
    agentServer,
  });
}
