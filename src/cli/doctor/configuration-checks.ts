/** What the configuration says of one namespace: its key, its templates, and what does not fit together. */
import type { ManifestSchemas } from '../../core/validate/manifest-schemas.ts';
import type { AgentServer } from '../../domain/configuration-agent-server.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { readSecretKey } from '../wire.ts';
import { openRenderer } from '../wiring/renderer.ts';
import { attempt, type Finding, failed, ok, warning } from './check.ts';
import { checkSealing } from './secret-checks.ts';

export async function checkNamespaceSettings(
  settings: Namespace,
  agentServer: AgentServer,
  schemas: ManifestSchemas,
): Promise<readonly Finding[]> {
  const key = await attempt('secret key', 'see secrets.keyFile in the configuration', async () => [
    judgeKey((await readSecretKey(settings)) !== null, agentServer),
  ]);
  const templates = await attempt(
    'templates',
    'correct the template set, or take the one that comes with Towpath',
    async () => {
      const { template } = await openRenderer(settings, schemas);
      return [ok('templates', template)];
    },
  );
  return [
    ...key,
    ...templates,
    ...judgeLicence(agentServer),
    ...judgeSecrets(settings),
    ...(await checkSealing(settings, new Date())),
  ];
}

function judgeKey(isThere: boolean, { database }: AgentServer): Finding {
  if (isThere) return ok('secret key', 'is there, and well-formed');
  const mend = 'make one with "openssl rand -hex 32", and name its file in secrets.keyFile';
  if (database.kind === 'in-cluster')
    return failed('secret key', 'there is none, but each database needs a password', mend);
  return warning('secret key', 'there is none: deployments with secrets are refused', mend);
}

/** A deployment may bring LANGSMITH_API_KEY itself, so it is no failure. */
function judgeLicence({ licenseKey, controlPlaneApiKey, langsmith }: AgentServer): readonly Finding[] {
  if (licenseKey ?? controlPlaneApiKey ?? langsmith) return [];
  const message = 'neither a licence key nor a LangSmith key is configured, and an Agent Server starts with neither';
  return [warning('licence', message, 'name one in agentServer.licenseKey, controlPlaneApiKey or langsmith')];
}

function judgeSecrets({ engine, secrets }: Namespace): readonly Finding[] {
  if (engine !== 'none' || secrets.mode !== 'cluster') return [];
  const message = 'secrets.mode is cluster, but with engine none the listener speaks to no cluster';
  return [warning('secrets', message, 'make each Secret that a report names by hand, or choose another engine')];
}
