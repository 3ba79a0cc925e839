/** Risks of what pods may do: to their node, as root, with the cluster's API, and what no longer holds them back. */

import { fieldAt, listAt } from '../../domain/object-fields.ts';
import { newForeignSecrets } from '../change/environment.ts';
import { listed, objectName } from '../change/words.ts';
import type { ChangedContainer, ChangedPod } from '../change/workloads.ts';
import { securityObjections } from '../container-security.ts';
import { code } from '../pull-request/text.ts';
import type { ReadChange, Risk } from './read-change.ts';

const nothingAllowed = { allowPrivileged: false, allowHostAccess: false };

export function podRisks({ pods, objects, kind }: ReadChange): readonly Risk[] {
  if (kind === 'remove') return [];
  const silent = silentAccounts(objects);
  return pods
    .filter((pod) => pod.after !== undefined)
    .flatMap((pod) => [
      ...told(pod.part, privilegesOf(pod.before), privilegesOf(pod.after), 'asks for', 'privileged'),
      ...pod.containers.flatMap(containerRisks),
      ...told(pod.part, tokensOf(pod.before, silent.before), tokensOf(pod.after, silent.after), 'gets', null),
      ...accountRisks(pod),
      ...newSecretRisks(pod),
    ]);
}

function containerRisks({ part, before, after }: ChangedContainer): readonly Risk[] {
  if (after === undefined) return [];
  const lost = before === undefined ? [] : protectionsOf(before).filter((one) => !protectionsOf(after).includes(one));
  return [
    ...told(part, containerPrivileges(before), containerPrivileges(after), 'asks for', 'privileged'),
    ...(lost.length === 0
      ? []
      : [{ label: 'privileged', text: `${part} loses ${listed(lost.map((one) => code(one)))}.` } as const]),
  ];
}

/** What was there before is still said, since it is still so; but a reader sees that it is not new. */
function told(
  part: string,
  before: readonly string[],
  after: readonly string[],
  verb: string,
  label: Risk['label'],
): readonly Risk[] {
  const fresh = after.filter((one) => !before.includes(one));
  const old = after.filter((one) => before.includes(one));
  return [
    ...(fresh.length === 0 ? [] : [{ label, text: `${part} ${verb} ${listed(fresh)}.` }]),
    ...(old.length === 0 ? [] : [{ label, text: `${part} ${verb} ${listed(old)}, as before.` }]),
  ];
}

function privilegesOf(spec: unknown): readonly string[] {
  const host = ['hostNetwork', 'hostPID', 'hostIPC'].filter((key) => fieldAt(spec, key) === true);
  const folders = listAt(spec, 'volumes').flatMap((volume) => {
    const path = fieldAt(volume, 'hostPath', 'path');
    return typeof path === 'string' ? [`the node’s folder ${code(path)}`] : [];
  });
  return [...host.map((key) => code(key)), ...folders, ...contextPrivileges(fieldAt(spec, 'securityContext'))];
}

function containerPrivileges(container: unknown): readonly string[] {
  const ports = listAt(container, 'ports').flatMap((port) => {
    const number = fieldAt(port, 'hostPort');
    return typeof number === 'number' && number > 0 ? [`${code(`hostPort: ${number}`)}`] : [];
  });
  return [...contextPrivileges(fieldAt(container, 'securityContext')), ...ports];
}

function contextPrivileges(context: unknown): readonly string[] {
  return securityObjections(context, nothingAllowed).map(({ keys }) => {
    const value = fieldAt(context, ...keys);
    const name = keys.filter((key) => typeof key === 'string').join('.');
    return typeof value === 'object' || value === undefined ? code(name) : code(`${name}=${String(value)}`);
  });
}

/** Each as one would write it; a container that had it and has it no longer may do more. */
function protectionsOf(container: unknown): readonly string[] {
  const context = fieldAt(container, 'securityContext');
  const drops = listAt(fieldAt(context, 'capabilities'), 'drop').map((name) => `capabilities.drop=${String(name)}`);
  return [
    ...(fieldAt(context, 'allowPrivilegeEscalation') === false ? ['allowPrivilegeEscalation=false'] : []),
    ...(fieldAt(context, 'readOnlyRootFilesystem') === true ? ['readOnlyRootFilesystem=true'] : []),
    ...(fieldAt(context, 'runAsNonRoot') === true ? ['runAsNonRoot=true'] : []),
    ...drops,
  ];
}

/** ServiceAccounts of this folder that give no token by themselves. */
function silentAccounts(objects: ReadChange['objects']) {
  const side = (key: 'before' | 'after'): ReadonlySet<string> =>
    new Set(
      objects
        .filter((object) => object.kind === 'ServiceAccount')
        .filter((object) => fieldAt(object[key]?.object, 'automountServiceAccountToken') === false)
        .map((object) => object.name),
    );
  return { before: side('before'), after: side('after') };
}

/** The operator of an LGP says nothing of tokens, so neither do we. */
function tokensOf(spec: unknown, silent: ReadonlySet<string>): readonly string[] {
  if (spec === undefined) return [];
  const account = accountOf(spec);
  const automatic = fieldAt(spec, 'automountServiceAccountToken');
  const mounted = automatic === true || (automatic !== false && !silent.has(account));
  const projected = listAt(spec, 'volumes').some((volume) =>
    listAt(fieldAt(volume, 'projected'), 'sources').some(
      (source) => fieldAt(source, 'serviceAccountToken') !== undefined,
    ),
  );
  return mounted || projected ? [`a token of the service account ${code(account)} for the cluster’s API`] : [];
}

function accountOf(spec: unknown): string {
  const name = fieldAt(spec, 'serviceAccountName');
  return typeof name === 'string' && name !== '' ? name : 'default';
}

function accountRisks({ part, before, after }: ChangedPod): readonly Risk[] {
  if (before === undefined || accountOf(before) === accountOf(after)) return [];
  const text = `${part} runs as another service account: ${code(accountOf(before))} → ${code(accountOf(after))}.`;
  return [{ label: null, text }];
}

function newSecretRisks(pod: ChangedPod): readonly Risk[] {
  const names = pod.before === undefined ? [] : newForeignSecrets(pod);
  if (names.length === 0) return [];
  return [
    {
      label: null,
      text: `${pod.part} reads Secrets that it did not before: ${listed(names.map((one) => code(one)))}.`,
    },
  ];
}

const rights = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);

export function rightsRisks({ objects, kind }: ReadChange): readonly Risk[] {
  if (kind === 'remove') return [];
  const granted = objects.filter((object) => rights.has(object.kind) && object.after !== null);
  if (granted.length === 0) return [];
  return [{ label: 'privileged', text: `Grants rights in the cluster: ${listed(granted.map(objectName))}.` }];
}
