/** Whether the files that a configuration names are there, and hold what they should. */
import { dirname, resolve } from 'node:path';
import { FileFailure, readConfiguredFile, whyUnreadable } from '../../adapters/files/configured-file.ts';
import { gitCredentials, sshAccess } from '../../adapters/git-credentials.ts';
import { openDispatcher } from '../../adapters/http/http-dispatcher.ts';
import { readSealingCertificate } from '../../adapters/secret-sealer/certificate.ts';
import { readAgeRecipients } from '../../adapters/secret-sealer/sops.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { type Described, locate, type Source } from '../configuration/findings.ts';
import { isFile, names } from '../configuration/load.ts';
import { messages } from '../failure-text.ts';
import { secretText } from '../secret-text.ts';
import { readSecretKey } from '../wire.ts';
import { readWords } from '../wiring/forge.ts';
import { openSigner } from '../wiring/signing.ts';

type Path = readonly PropertyKey[];

/** Made, not read, by whoever uses it. */
const madeWhenNeeded = new Set(['dataFolder']);

/** `configuration` is null where the text has other faults: then only whether each file can be read is looked at. */
export async function fileFindings(source: Source, configuration: Configuration | null) {
  const folder = dirname(resolve(source.origin));
  const named = namedFiles(source.document.toJS() ?? {}, []);
  const unreadable = await described(named.map(({ path, file }) => [path, () => tryToRead(resolve(folder, file))]));
  const isRead = (path: Path): boolean => !unreadable.some((one) => String(one.path) === String(path));
  const contents = configuration === null ? [] : contentsOf(configuration).filter(([path]) => isRead(path));
  return [...unreadable, ...(await described(contents))].map((one) => locate(one, source));
}

type Look = readonly [path: Path, look: () => Promise<unknown>];

async function described(looks: readonly Look[]): Promise<readonly Described[]> {
  const found = await Promise.all(
    looks.map(async ([path, look]) => {
      try {
        await look();
        return [];
      } catch (error) {
        return [{ path, message: messages(error)[0] ?? 'cannot be used' }];
      }
    }),
  );
  return found.flat();
}

function namedFiles(value: unknown, path: Path): readonly { readonly path: Path; readonly file: string }[] {
  const name = String(path.at(-1) ?? '');
  if (typeof value === 'string') {
    const isNamed = isFile(name, value) && !madeWhenNeeded.has(name) && name !== 'templates';
    return isNamed ? [{ path, file: value }] : [];
  }
  if (typeof value !== 'object' || value === null || names.has(name)) return [];
  return Object.entries(value).flatMap(([key, inner]) => namedFiles(inner, [...path, key]));
}

async function tryToRead(file: string): Promise<void> {
  try {
    if ((await readConfiguredFile(file)).length === 0) throw new FileFailure('it is empty');
  } catch (cause) {
    throw new Error(`cannot read "${file}": ${whyUnreadable(cause)}`);
  }
}

/** What each file must hold, by whoever reads it in the end. */
function contentsOf({ controlPlane, webhooks, git, namespaces }: Configuration): readonly Look[] {
  const { apiKeyFile } = controlPlane;
  return [
    ...secret(['controlPlane', 'apiKeyFile'], apiKeyFile, 'API key'),
    ...authority(['controlPlane', 'caFile'], controlPlane),
    ...secret(['webhooks', 'secretFile'], webhooks?.secretFile, 'secret of webhooks'),
    ...(git.signing?.keyFile ? [[['git', 'signing', 'keyFile'], () => openSigner(git)] as const] : []),
    ...Object.entries(namespaces).flatMap(([name, settings]) => namespaceContents(['namespaces', name], settings)),
  ];
}

function namespaceContents(at: Path, settings: Namespace): readonly Look[] {
  const { secrets, publication, credentials = {} } = settings;
  const words = publication.mode === 'proposed' ? publication : null;
  const looks: readonly (Look | false)[] = [
    secrets.keyFile !== undefined && [[...at, 'secrets', 'keyFile'], () => readSecretKey(settings)],
    secrets.mode === 'sealed-secrets' && [
      [...at, 'secrets', 'certificateFile'],
      () => readSealingCertificate(secrets.certificateFile, new Date()),
    ],
    secrets.mode === 'sops' && [
      [...at, 'secrets', 'recipientsFile'],
      () => readAgeRecipients({ ...secrets, recipientsFile: secrets.recipientsFile }),
    ],
    words?.titleTemplateFile !== undefined && [[...at, 'publication', 'titleTemplateFile'], () => readWords(words)],
    words?.titleTemplateFile === undefined &&
      words?.bodyTemplateFile !== undefined && [[...at, 'publication', 'bodyTemplateFile'], () => readWords(words)],
    credentials.sshKeyFile !== undefined && [
      [...at, 'credentials', 'sshKeyFile'],
      () => sshAccess(credentials).privateKey(),
    ],
  ];
  return [
    ...looks.filter((look) => look !== false),
    ...authority([...at, 'caFile'], settings),
    ...gitPassword(at, settings),
    ...secret([...at, 'publication', 'tokenFile'], publication.tokenFile, 'token of the forge'),
  ];
}

function secret(path: Path, file: string | undefined, what: string): readonly Look[] {
  return file === undefined ? [] : [[path, () => secretText({ file }, { what, option: path.map(String).join('.') })]];
}

function authority(
  path: Path,
  { caFile, proxy }: { caFile?: string | undefined; proxy?: string | undefined },
): readonly Look[] {
  if (caFile === undefined) return [];
  return [[path, async () => openDispatcher({ caFile, caOption: path.map(String).join('.'), proxy }).destroy()]];
}

function gitPassword(at: Path, { credentials }: Pick<Namespace, 'credentials'>): readonly Look[] {
  const { passwordFile, bearerTokenFile, usernameFile } = credentials ?? {};
  const option = [
    passwordFile && 'passwordFile',
    bearerTokenFile && 'bearerTokenFile',
    usernameFile && 'usernameFile',
  ].find((name) => name);
  return option ? [[[...at, 'credentials', option], () => gitCredentials(credentials)(null)]] : [];
}
