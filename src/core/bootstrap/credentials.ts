/** How a person hands read-only credentials to an engine: commands with files in them, never a value. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { shellWord } from '../shell-word.ts';
import { projectName } from './argo-cd.ts';
import { fluxCredentialsSecret } from './flux.ts';
import { bootstrapName } from './object.ts';

/** Lines for people, with commands that begin with `$ `; empty where the repository needs no credentials. */
export function argoCdCredentials(namespace: NamespaceName, settings: Namespace): readonly string[] {
  const { repository, caFile, credentials, argoCd } = settings;
  const name = `${bootstrapName(namespace)}-git`;
  const fields = ['type=git', `url=${repository}`, `project=${projectName(namespace, settings)}`];
  const keys = { password: 'password', bearer: 'bearerToken', ssh: 'sshPrivateKey' };
  const access = accessArguments(settings, keys);
  const host = hostOf(repository);
  const sources = [...fields.map((field) => `--from-literal=${shellWord(field)}`), ...access].join(' ');
  return [
    ...(credentials === undefined
      ? []
      : [
          `Argo CD reads ${repository} with credentials of its own, which should be there before the ApplicationSet. Make read-only ones, and put each into a file, a token without a line break:`,
          `$ kubectl -n ${argoCd.namespace} create secret generic ${name} ${sources}`,
          `$ kubectl -n ${argoCd.namespace} label secret ${name} argocd.argoproj.io/secret-type=repository`,
        ]),
    ...(credentials?.sshKeyFile === undefined
      ? []
      : ['Argo CD must know the host key:', '$ argocd cert add-ssh --batch < known-hosts']),
    ...(caFile === undefined
      ? []
      : ['Argo CD must know the certificate authority:', `$ argocd cert add-tls ${shellWord(host)} --from ca.crt`]),
  ];
}

export function fluxCredentials(namespace: NamespaceName, settings: Namespace): readonly string[] {
  const name = fluxCredentialsSecret(namespace, settings);
  if (name === null) return [];
  const { credentials, caFile, flux, repository } = settings;
  const sources = [
    ...accessArguments(settings, { password: 'password', bearer: 'bearerToken', ssh: 'identity' }),
    ...(credentials?.sshKeyFile === undefined ? [] : ['--from-file=known_hosts=known-hosts']),
    ...(caFile === undefined ? [] : ['--from-file=ca.crt=ca.crt']),
  ];
  return [
    `Flux reads ${repository} with credentials of its own. Make read-only ones, and put each into a file, a token without a line break:`,
    `$ kubectl -n ${flux.namespace} create secret generic ${name} ${sources.join(' ')}`,
  ];
}

interface FieldNames {
  readonly password: string;
  readonly bearer: string;
  readonly ssh: string;
}

/** The kind of the listener's credentials, not the credentials: those may push. */
function accessArguments({ credentials }: Namespace, names: FieldNames): readonly string[] {
  if (credentials === undefined) return [];
  if (credentials.sshKeyFile !== undefined) return [`--from-file=${names.ssh}=read-only-key`];
  if (credentials.bearerTokenFile !== undefined) return [`--from-file=${names.bearer}=read-only-token`];
  const username = credentials.username ?? (credentials.usernameFile === undefined ? 'git' : undefined);
  const user =
    username === undefined ? '--from-file=username=user-name' : `--from-literal=${shellWord(`username=${username}`)}`;
  return [user, `--from-file=${names.password}=read-only-token`];
}

function hostOf(repository: string): string {
  return URL.canParse(repository) ? new URL(repository).hostname : repository.replace(/^.*@|:.*$/g, '');
}
