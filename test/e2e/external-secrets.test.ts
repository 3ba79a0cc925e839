/** A real API server takes our ExternalSecrets as they are, and adds nothing that an engine would take for a change. */
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { externalSecretSealer } from '../../src/adapters/secret-sealer/external.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';
import { administrator, makeNamespace } from './harness/fixtures.ts';
import { type KubernetesObject, objectsIn } from './harness/kubernetes.ts';

const client = administrator();

it.each(['SecretStore', 'ClusterSecretStore'] as const)(
  'keeps a reference into a %s as it was written',
  async (kind) => {
    const namespace = NamespaceName.parse(await makeNamespace('external'));
    const name = 'chat-0123456789-env-abcdef0123';
    const values = { TOKEN: 'external-secret://agents/chat#token', WHOLE: 'external-secret://agents/whole' };
    const sealer = externalSecretSealer({ store: { kind, name: 'vault' }, refreshInterval: 3_600_000 });
    const { files } = await sealer.seal({ namespace, name, labels: { 'towpath.dev/deployment-id': 'a' }, values });
    const text = [...files.values()].join('---\n');

    for (const object of objectsIn(text)) await client.apply(object);

    const found = await client.find<KubernetesObject & { readonly spec: unknown }>(
      'external-secrets.io/v1',
      'ExternalSecret',
      name,
      namespace,
    );
    expect(found?.spec).toEqual(parse(text).spec);
  },
);
