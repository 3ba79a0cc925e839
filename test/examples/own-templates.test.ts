import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import { readTemplateSet } from '../../src/adapters/template-folder.ts';
import { compileTemplateSet } from '../../src/core/template/compile.ts';
import { renderDeployment } from '../../src/core/template/render.ts';
import type { RenderInput, TemplateSet } from '../../src/core/template/set.ts';
import { validationContext } from '../../src/core/validate/context.ts';
import { compileSchemas } from '../../src/core/validate/manifest-schemas.ts';
import { validateDeployment } from '../../src/core/validate/validate.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import { renderInput } from '../core/support/render-input.ts';

const example = join(import.meta.dirname, '../../examples/own-templates');
const given = parse(readFileSync(join(example, 'towpath.yaml'), 'utf8'));
const configuration = Configuration.parse(given);
const secretNames = ['POSTGRES_URI_CUSTOM', 'REDIS_URI_CUSTOM'];

let set: TemplateSet;
beforeAll(async () => {
  const namespace = configuration.namespaces[NamespaceName.parse('team-a')];
  set = compileTemplateSet(await readTemplateSet(namespace?.templates ?? '', example));
});

function input(agentServer: object = given.agentServer): RenderInput {
  return renderInput({ agentServer, secretNames, resourceSpec: { max_scale: 2 } });
}

describe('examples/own-templates', () => {
  it('renders its own files, which pass validation', () => {
    const files = renderDeployment(set, input());

    expect([...files.keys()]).toEqual([
      'api.deployment.yaml',
      'api.service.yaml',
      'queue.deployment.yaml',
      'kustomization.yaml',
    ]);
    expect([...files.values()].join('')).toContain('acme.example/pool: agents');
    expect(validateDeployment(files, validationContext(input()), compileSchemas(readSchemaCatalogue()))).toEqual([]);
  });

  it('says with file, line and value what its schema does not take', () => {
    const withRoute = renderInput({
      agentServer: { ...given.agentServer, auth: { kind: 'none' } },
      namespace: { route: { kind: 'ingress', host: 'a.example' } },
      secretNames,
    });

    expect(() => renderDeployment(set, withRoute)).toThrow(/values\.schema\.json:9: the value "route" must be null/);
  });

  it('is a set of its own, by name and digest', () => {
    expect(set).toMatchObject({ name: 'templates', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  });
});
