/** What the configuration says of one namespace: its key, its templates, and what does not fit together. */
import type { ManifestSchemas } from '../../core/manifest-schemas.ts';
import type { Namespace } from '../../domain/configuration.ts';
import { readSecretKey } from '../wire.ts';
import { openRenderer } from '../wiring/renderer.ts';
import { attempt, type Finding, ok, warning } from './check.ts';

export async function checkNamespaceSettings(
  settings: Namespace,
  schemas: ManifestSchemas,
): Promise<readonly Finding[]> {
  const key = await attempt('secret key', 'see secrets.keyFile in the configuration', async () => [
    judgeKey((await readSecretKey(settings)) !== null),
  ]);
  const templates = await attempt(
    'templates',
    'correct the template set, or take the one that comes with Towpath',
    async () => {
      const { template } = await openRenderer(settings, schemas);
      return [ok('templates', template)];
    },
  );
  return [...key, ...templates, ...judgeSecrets(settings)];
}

function judgeKey(isThere: boolean): Finding {
  if (isThere) return ok('secret key', 'is there, and well-formed');
  const message = 'there is none: deployments with secrets or a database in the cluster are refused';
  return warning('secret key', message, 'make one with "openssl rand -hex 32", and name its file in secrets.keyFile');
}

function judgeSecrets({ engine, secrets }: Namespace): readonly Finding[] {
  if (engine !== 'none' || secrets.mode !== 'cluster') return [];
  const message = 'secrets.mode is cluster, but with engine none the listener speaks to no cluster';
  return [warning('secrets', message, 'make each Secret that a report names by hand, or choose another engine')];
}
