/** Where adapters meet the rest: a configuration becomes the ports that a listener works with. */
import { chooseControlPlane } from '../adapters/control-plane/choice.ts';
import { type HttpControlPlane, httpControlPlane } from '../adapters/control-plane/http.ts';
import { mirrorControlPlane } from '../adapters/control-plane/mirror.ts';
import { keyBytesOf, readConfiguredFile, whyUnreadable } from '../adapters/files/configured-file.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { noTelemetry } from '../adapters/telemetry/none.ts';
import { parseSecretKey, type SecretKey } from '../core/secrets/secret-names.ts';
import type { ManifestSchemas } from '../core/validate/manifest-schemas.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { Namespace } from '../domain/configuration-namespace.ts';
import { TowpathError } from '../domain/failure.ts';
import { NamespaceName } from '../domain/identifiers.ts';
import type { NamespaceParts } from '../listener/context.ts';
import type { ListenerPorts } from '../listener/listener.ts';
import type { Log, Telemetry } from '../ports.ts';
import { version } from './version.ts';
import { engineOf, openCluster, openConnection, type Surroundings } from './wiring/cluster.ts';
import { openPublication } from './wiring/forge.ts';
import { type ForgeBudgets, forgeBudgets } from './wiring/forge-budgets.ts';
import { openRenderer, readSchemas } from './wiring/renderer.ts';
import { openRepository } from './wiring/repository.ts';
import { openSealer } from './wiring/secrets.ts';

export interface WiredListener extends ListenerPorts {
  /** A running listener closes its repositories itself; closing one twice does no harm. */
  close(): Promise<void>;
}

export interface WireOptions {
  /**
   * A preview finds out which engine there is, and neither watches nor writes anything. To operate is to do one pass by a
   * command: it writes like a listener, and watches nothing.
   */
  readonly purpose: 'listen' | 'preview' | 'operate';
  readonly log: Log;
  readonly telemetry?: Telemetry;
}

export async function wireListener(configuration: Configuration, options: WireOptions): Promise<WiredListener> {
  const { log, telemetry = noTelemetry } = options;
  const clock = systemClock();
  const surroundings = { clock, log, telemetry };
  const connection = openConnection(configuration, surroundings);
  const shared = { schemas: readSchemas(), budgets: forgeBudgets(configuration, clock) };
  const namespaces = new Map<NamespaceName, NamespaceParts>();
  for (const [name, settings] of Object.entries(configuration.namespaces)) {
    const namespace = NamespaceName.parse(name);
    const engine = await engineOf(connection, namespace, settings);
    const cluster =
      connection === null || engine === null || options.purpose === 'preview'
        ? null
        : openCluster(connection, surroundings, configuration, { namespace, settings, engine });
    namespaces.set(
      namespace,
      await wireNamespace(configuration, settings, { ...surroundings, ...shared, namespace, engine, cluster }),
    );
  }
  const controlPlane = wireControlPlane(configuration, options.purpose, surroundings);
  const close = async (): Promise<void> => {
    await Promise.all(
      [...namespaces.values()].flatMap(({ repository, review }) => [repository.close(), review?.forge.dispose()]),
    );
    await controlPlane.close();
    await connection?.close();
  };
  return { controlPlane, namespaces, ...surroundings, close };
}

interface NamespaceSurroundings extends Surroundings, Pick<NamespaceParts, 'engine' | 'cluster'> {
  readonly namespace: NamespaceName;
  readonly schemas: ManifestSchemas;
  readonly budgets: ForgeBudgets;
}

const oldProtocolWords =
  'The git server speaks only the old protocol: it is read by isomorphic-git, through a clone on disk';

async function wireNamespace(
  { git }: Configuration,
  settings: Namespace,
  surroundings: NamespaceSurroundings,
): Promise<NamespaceParts> {
  const { namespace, engine, cluster, clock, log, telemetry, schemas } = surroundings;
  // First: it may refuse, and nothing is open yet.
  const sealer = openSealer({ namespace, secrets: settings.secrets, engine, cluster, clock });
  const onAnswer = (code: number | 'error', ms: number): void => telemetry.request('git', code, ms);
  const onOldProtocol = (): void => log.info(oldProtocolWords, { namespace, repository: settings.repository });
  const repository = await openRepository(settings, git, version(), onAnswer, onOldProtocol);
  return {
    ...(await openPublication(settings, repository, { ...surroundings, git })),
    sealer,
    renderer: await openRenderer(settings, schemas),
    secretKey: await readSecretKey(settings),
    engine,
    cluster,
  };
}

export function wireControlPlane(
  { controlPlane, listener }: Configuration,
  purpose: WireOptions['purpose'],
  { clock, log, telemetry }: Surroundings,
): HttpControlPlane {
  const { url, apiKeyFile, apiKeyEnv, workspaceId, caFile, mode, pollInterval } = controlPlane;
  const apiKey = apiKeyEnv === undefined ? undefined : variable(apiKeyEnv, 'controlPlane.apiKeyEnv');
  const onAnswer = (code: number | 'error', ms: number): void => telemetry.request('control-plane', code, ms);
  const connection = { url, apiKeyFile, apiKey, workspaceId, caFile, onAnswer };
  const { id: listenerId, dataFolder } = listener;
  return chooseControlPlane({
    mode,
    full: () => httpControlPlane(connection, listenerId, { mustReport: purpose !== 'preview', log }),
    mirror: () => {
      const mayWrite = purpose !== 'preview';
      const timing = { pollIntervalMs: pollInterval, clock };
      return mirrorControlPlane({ connection, listenerId, dataFolder, mayWrite, log, ...timing });
    },
    log,
  });
}

/** Null where none is configured: what needs Secrets is then refused, deployment by deployment. */
export async function readSecretKey({ secrets }: Pick<Namespace, 'secrets'>): Promise<SecretKey | null> {
  const { keyFile, keyEnv } = secrets;
  if (keyEnv !== undefined) return parseSecretKey(Buffer.from(variable(keyEnv, 'secrets.keyEnv')), `$${keyEnv}`);
  if (keyFile === undefined) return null;
  try {
    return parseSecretKey(keyBytesOf(await readConfiguredFile(keyFile)), keyFile);
  } catch (cause) {
    if (cause instanceof TowpathError) throw cause;
    const message = `Cannot read the key of secrets "${keyFile}": ${whyUnreadable(cause)}; make one with "openssl rand -hex 32"`;
    throw new TowpathError('terminal', 'UnreadableKey', message, { cause });
  }
}

function variable(name: string, option: string): string {
  const value = process.env[name];
  if (value) return value;
  const message = `Cannot read the environment variable ${name}: it is not set, and ${option} names it`;
  throw new TowpathError('terminal', 'MissingVariable', message);
}
