import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFolder, runTowpath } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const example = join(projectFolder, 'examples/lgp');
const env = { TOWPATH_SECRET_KEY: 'ab'.repeat(32) };

let folder: string;
beforeAll(async () => {
  folder = join(await temporaryFolder('lgp'), 'deployments/chat');
});

function render(config: string, ...more: readonly string[]) {
  return runTowpath(['render', join(example, 'deployment.yaml'), '--config', config, ...more], { env });
}

describe('examples/lgp', () => {
  it('has a configuration that is valid', async () => {
    const validated = await runTowpath(['validate', '--no-files', join(example, 'towpath.yaml')]);

    expect(validated).toMatchObject({ code: 0, stderr: '' });
  });

  it('renders one LGP and its account, which pass validation', async () => {
    const rendered = await render(join(example, 'towpath.yaml'), '--output', folder);
    const validated = await runTowpath(['validate', folder]);

    expect(rendered).toMatchObject({ code: 0, stderr: expect.stringContaining('3 files written') });
    expect(validated).toMatchObject({ code: 0, stdout: expect.stringContaining('1 deployment valid') });
    expect(parse(await readFile(join(folder, 'agent.lgp.yaml'), 'utf8'))).toMatchObject({
      apiVersion: 'apps.langchain.ai/v1alpha1',
      kind: 'LGP',
      metadata: { namespace: 'team-a', labels: { team: 'a' } },
      spec: {
        autoscaling: { autoscalerType: 'KEDA', minReplicas: 2, maxReplicas: 6, queueMinReplicas: 0 },
        database: { enabled: true, storageSizeGi: 20, secretName: expect.stringMatching(/^chat-.*-database$/) },
        ingress: { enabled: true },
      },
    });
  });

  it('names a Secret that a cluster would need for the database', async () => {
    const { stderr } = await render(join(example, 'towpath.yaml'));

    expect(stderr).toMatch(/A cluster needs Secret "chat-[0-9a-f]{10}-database" in namespace team-a/);
  });

  it('is refused without a word on the data, which the operator deletes', async () => {
    const config = join(await temporaryFolder('lgp-data'), 'towpath.yaml');
    const text = await readFile(join(example, 'towpath.yaml'), 'utf8');
    await writeFile(config, text.replace(/^ +deletion: .*\n/m, ''));

    const { code, stdout, stderr } = await render(config);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("namespaces.team-a.deletion.data: the operator deletes a database's volume");
  });
});
