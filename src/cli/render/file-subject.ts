/** A deployment from a file: what a client would send, or a whole specification; nothing is contacted. */
import { readConfiguredFile, textOf, whyUnreadable } from '../../adapters/files/configured-file.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { parseSecretKey } from '../../core/secrets/secret-names.ts';
import { Configuration } from '../../domain/configuration.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { Repository } from '../../ports.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { readSecretKey } from '../wire.ts';
import { openRenderer, readSchemas } from '../wiring/renderer.ts';
import { openSealer } from '../wiring/secrets.ts';
import { readDeployment } from './deployment-file.ts';
import type { RenderOptions } from './render-options.ts';
import { contextOf, presentOf, type Subject, unknownNamespace } from './subject.ts';

export async function openFileSubject(path: string, options: RenderOptions): Promise<Subject> {
  const given = options.config ? await loadConfiguration(options.config) : null;
  const defaults = { namespace: options.namespace, listenerId: given?.listener.id };
  const { specification, values } = readDeployment(await readText(path), path, defaults);
  const { namespace, listenerId } = specification.deployment;
  const configuration = given ?? defaultConfiguration(namespace, listenerId);
  if (listenerId !== configuration.listener.id) throw otherListener(path, listenerId, configuration);
  const settings = configuration.namespaces[namespace];
  if (!settings) throw unknownNamespace(namespace, configuration);
  const sealing = { namespace, engine: null, cluster: null, clock: systemClock() };
  const parts = {
    repository: noRepository(settings.repository),
    sealer: openSealer({ ...sealing, secrets: settings.secrets }),
    renderer: await openRenderer(settings, readSchemas()),
    secretKey: (await readSecretKey(settings)) ?? previewKey,
    engine: null,
    cluster: null,
    review: null,
  };
  const { secretsVersion } = specification;
  const controlPlane = {
    specification: async () => specification,
    secrets: async () => ({ secretsVersion, values }),
  };
  const context = contextOf({ configuration, namespace, parts, controlPlane });
  return { context, desired: presentOf(specification), close: async () => undefined };
}

/** Gives names to Secrets where no key is configured: the right shape, and the same at each run. */
const previewKey = parseSecretKey(Buffer.alloc(32), 'the preview');

function defaultConfiguration(namespace: string, listenerId: string): Configuration {
  return Configuration.parse({
    controlPlane: { url: 'http://localhost', apiKeyEnv: 'UNUSED' },
    listener: { id: listenerId },
    namespaces: { [namespace]: { repository: 'http://localhost/none.git' } },
  });
}

function otherListener(path: string, listenerId: string, { listener }: Configuration): TowpathError {
  const why = `it is for listener ${listenerId}, and the configuration is that of listener ${listener.id}`;
  const message = `Cannot render "${path}": ${why}; give both the id that the control plane knows your listener by`;
  return new TowpathError('terminal', 'OtherListener', message);
}

async function readText(path: string): Promise<string> {
  try {
    return textOf(await readConfiguredFile(path));
  } catch (cause) {
    const message = `Cannot render "${path}": ${whyUnreadable(cause)}; name a file, or the id of a deployment`;
    throw new TowpathError('terminal', 'UnreadableDeployment', message, { cause });
  }
}

/** Rendering touches no repository, and knows only where it is; whoever asks this one for more has a bug. */
function noRepository(url: string): Repository {
  return new Proxy({ url } as Repository, {
    get: (known, name) => {
      if (name === 'url') return known.url;
      throw new Error(`Cannot use the repository (${String(name)}) while a file is rendered`);
    },
  });
}
