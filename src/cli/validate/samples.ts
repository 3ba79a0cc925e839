/**
 * What rendering would find without any deployment: plain ones are rendered with the configuration, and what all of them
 * meet is no deployment's fault.
 */
import type { RenderInput } from '../../core/template/set.ts';
import { externalNames } from '../../core/values/environment.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { asTowpathError } from '../../domain/failure.ts';
import { describeFinding, type Finding } from '../../domain/finding.ts';
import { resourceName } from '../../domain/resource-name.ts';
import { Specification } from '../../domain/specification.ts';
import type { Renderer } from '../../listener/context.ts';
import type { Described } from '../configuration/findings.ts';
import { openRenderer, readSchemas } from '../wiring/renderer.ts';

const id = '00000000-0000-4000-8000-000000000000';

export async function renderingFaults(configuration: Configuration): Promise<readonly Described[]> {
  const namespaces = Object.entries(configuration.namespaces);
  const found = await Promise.all(namespaces.map((namespace) => faultsIn(configuration, namespace)));
  // The options for every deployment are the same in each namespace.
  const known = new Set<string>();
  return found.flat().filter(({ path, message }) => {
    const key = `${path.join('\0')}\0${message}`;
    return known.has(key) ? false : known.add(key);
  });
}

async function faultsIn(
  configuration: Configuration,
  [name, settings]: readonly [string, Namespace],
): Promise<readonly Described[]> {
  const at = ['namespaces', name] as const;
  try {
    const renderer = await openRenderer(settings, readSchemas());
    const samples = [[], Object.values(externalNames)].map((references) =>
      sampleOf(configuration, { name, settings, references }),
    );
    const [first = [], ...others] = samples.map((sample) => everyFinding(renderer, sample));
    const isEverywhere = (one: Finding): boolean => others.every((all) => all.some((other) => isSame(one, other)));
    return first.filter(isEverywhere).map((one) => described(one, at));
  } catch (error) {
    const message = asTowpathError(error)?.message;
    if (message === undefined) throw error;
    return [{ path: [...at, 'templates'], message }];
  }
}

interface Sampled {
  readonly name: string;
  readonly settings: Namespace;
  /** Variables that come from Secrets of the user's: with them databases are external. */
  readonly references: readonly string[];
}

function sampleOf(configuration: Configuration, { name, settings, references }: Sampled): RenderInput {
  const specification = Specification.parse({
    deployment: {
      id,
      name: 'sample',
      workspaceId: id,
      listenerId: configuration.listener.id,
      namespace: name,
      customUrl: null,
    },
    revision: {
      id,
      createdAt: '1970-01-01T00:00:00.000Z',
      requester: { name: 'towpath', email: 'nobody@towpath.invalid' },
    },
    image: 'registry.example/sample:1',
    resourceSpec: {},
    secretNames: [],
    secretsVersion: null,
    secretReferences: references.map((variable) => ({ name: variable, secret_name: 'sample', secret_key: 'uri' })),
  });
  const { deployment } = specification;
  const called = resourceName(deployment.name, deployment.id);
  const { agentServer } = configuration;
  const secrets = { environment: null, database: `${called}-database` };
  return { resourceName: called, specification, namespace: settings, agentServer, secrets };
}

/** Values that are refused keep manifests from being rendered at all: without these variables they are looked at, too. */
function everyFinding(renderer: Renderer, sample: RenderInput): readonly Finding[] {
  const found = findingsOf(renderer, sample);
  const refused = new Set(found.map(({ path }) => path));
  const kept = Object.entries(sample.agentServer.environment).filter(
    ([name]) => !refused.has(`agentServer.environment.${name}`),
  );
  if (kept.length === Object.keys(sample.agentServer.environment).length) return found;
  const agentServer = { ...sample.agentServer, environment: Object.fromEntries(kept) };
  return [...found, ...findingsOf(renderer, { ...sample, agentServer })];
}

function findingsOf(renderer: Renderer, sample: RenderInput): readonly Finding[] {
  try {
    const rendering = renderer.render(sample, {});
    return rendering.kind === 'refused' ? rendering.findings : [];
  } catch (error) {
    const known = asTowpathError(error);
    if (known === undefined) throw error;
    if (known.findings.length > 0) return known.findings;
    return [{ path: '', line: null, pointer: null, message: known.message }];
  }
}

function isSame(one: Finding, other: Finding): boolean {
  return describeFinding({ ...one, line: null }) === describeFinding({ ...other, line: null });
}

/** An option by its path; what is wrong in a manifest by the namespace that it is rendered for. */
function described(finding: Finding, at: readonly string[]): Described {
  if (finding.path.startsWith('agentServer.')) return { path: finding.path.split('.'), message: finding.message };
  const message = finding.path === '' ? finding.message : `nothing can be rendered: ${describeFinding(finding)}`;
  return { path: at, message };
}
