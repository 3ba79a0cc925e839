/** Runs `towpath bootstrap`: makes an engine's objects, and prints, writes or applies them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { openKubernetes } from '../../adapters/kubernetes/http.ts';
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import { readTemplateSet } from '../../adapters/template-folder.ts';
import { argoCdObjects } from '../../core/bootstrap/argo-cd.ts';
import { argoCdCredentials, fluxCredentials } from '../../core/bootstrap/credentials.ts';
import { fluxObjects } from '../../core/bootstrap/flux.ts';
import { type EmittedKind, emittedKinds, unreadableKinds } from '../../core/bootstrap/kinds.ts';
import {
  type BootstrapObject,
  bootstrapFile,
  bootstrapText,
  describeObject,
  distinctObjects,
} from '../../core/bootstrap/object.ts';
import { nearestWord } from '../../core/nearest-word.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { applyObjects } from './apply.ts';
import type { BootstrapArgoCdOptions, BootstrapFluxOptions, BootstrapOptions } from './bootstrap-options.ts';
import { clusterAccess } from './cluster-access.ts';
import { argoCdSignatures, fluxVerification } from './signatures.ts';

interface Subject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  readonly kinds: readonly EmittedKind[];
  /** What a person has to know or do. */
  readonly notes: readonly string[];
}

export async function bootstrapArgoCd(names: readonly string[], options: BootstrapArgoCdOptions): Promise<void> {
  const configuration = await loadConfiguration(options.config);
  const subjects = await subjectsOf(configuration, names);
  const { server } = options;
  const { signatures, notes } = await argoCdSignatures(configuration, options);
  const objects = subjects.flatMap((subject) => argoCdObjects({ ...subject, server, signatures }));
  const credentials = subjects.flatMap(({ namespace, settings }) => argoCdCredentials(namespace, settings));
  say([...subjects.flatMap(({ notes }) => notes), ...credentials, ...notes]);
  await deliver(configuration, distinctObjects(objects), options);
}

export async function bootstrapFlux(names: readonly string[], options: BootstrapFluxOptions): Promise<void> {
  const configuration = await loadConfiguration(options.config);
  const subjects = await subjectsOf(configuration, names);
  const { secretOf, objectsOf, notes } = await fluxVerification(configuration, options);
  const objects = subjects.flatMap((subject) => [
    ...objectsOf(subject),
    ...fluxObjects({ ...subject, verifySecret: secretOf(subject) }),
  ]);
  const credentials = subjects.flatMap(({ namespace, settings }) => fluxCredentials(namespace, settings));
  const accounts = subjects.flatMap(({ namespace, settings }) => accountNotes(namespace, settings));
  say([...subjects.flatMap(({ notes }) => notes), ...credentials, ...accounts, ...notes]);
  await deliver(configuration, distinctObjects(objects), options);
}

async function subjectsOf(configuration: Configuration, names: readonly string[]): Promise<readonly Subject[]> {
  const known = Object.keys(configuration.namespaces);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownNamespace(unknown, known);
  const chosen = Object.entries(configuration.namespaces).filter(
    ([name]) => names.length === 0 || names.includes(name),
  );
  return Promise.all(chosen.map(([name, settings]) => subjectOf(NamespaceName.parse(name), settings)));
}

async function subjectOf(namespace: NamespaceName, settings: Namespace): Promise<Subject> {
  const { files } = await readTemplateSet(settings.templates, process.cwd());
  const notes = unreadableKinds(files).map(
    (path) => `The kind that ${path} of ${settings.templates} emits cannot be read; list it in policy.extraKinds`,
  );
  return { namespace, settings, kinds: emittedKinds(files, settings.policy.extraKinds, settings.secrets.mode), notes };
}

function unknownNamespace(name: string, known: readonly string[]): TowpathError {
  const meant = nearestWord(name, known);
  const hint = meant ? `did you mean ${meant}?` : `it has ${known.join(', ')}`;
  const message = `Cannot bootstrap "${name}": the configuration has no such namespace; ${hint}`;
  return new TowpathError('terminal', 'UnknownNamespace', message);
}

function accountNotes(namespace: NamespaceName, { flux }: Namespace): readonly string[] {
  if (flux.serviceAccountName !== undefined) {
    return [
      `Flux applies ${namespace} as ${flux.serviceAccountName}. A Kustomization that somebody pushes without an ` +
        'account is applied with the rights of the controller, unless kustomize-controller runs with ' +
        '--default-service-account.',
    ];
  }
  return [
    `Flux applies ${namespace} with the rights of its controller: whoever may push to the repository may do with the ` +
      'cluster what Flux may. Set flux.serviceAccountName to limit it.',
  ];
}

/** Commands stand alone, ready to be copied. */
function say(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(line.startsWith('$ ') ? `  ${line}\n` : `${pc.yellow('!')} ${line}\n`);
}

async function deliver(
  configuration: Configuration,
  objects: readonly BootstrapObject[],
  options: BootstrapOptions,
): Promise<void> {
  if (options.output !== undefined) await writeFiles(options.output, objects);
  if (options.apply) await apply(configuration, objects, options);
  if (options.output !== undefined || options.apply) return;
  process.stdout.write(objects.map((object) => `---\n${bootstrapText(object)}`).join(''));
}

async function apply(
  configuration: Configuration,
  objects: readonly BootstrapObject[],
  options: BootstrapOptions,
): Promise<void> {
  const cluster = openKubernetes(clusterAccess(configuration.cluster, options), noTelemetry);
  try {
    for await (const { object, change } of applyObjects(cluster, objects, { force: options.forceConflicts ?? false })) {
      process.stdout.write(`${describeObject(object)} ${change}\n`);
    }
  } finally {
    await cluster.close();
  }
}

async function writeFiles(folder: string, objects: readonly BootstrapObject[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const object of objects) await writeFile(join(folder, bootstrapFile(object)), bootstrapText(object));
  } catch (cause) {
    throw new TowpathError('terminal', 'CannotWrite', `Cannot write to "${folder}"`, { cause });
  }
  process.stderr.write(`${objects.length} files written to ${folder}\n`);
}
