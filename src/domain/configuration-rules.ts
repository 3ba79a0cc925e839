/** What the configuration's options say about each other: rules that no single option can check alone. */
import { z } from 'zod';

/** One thing that is wrong; `path` is relative to the object that the rule looks at. */
export interface Objection {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Makes a rule that zod runs beside the schema, also where something else is wrong: its objections join all others,
 * instead of coming up only once the rest is right.
 */
export function rule<T>(objections: (value: T) => readonly Objection[]): z.core.$ZodCheck<T> {
  return z.superRefine<T>(
    (value, context) => {
      const isWhole = context.issues.length === 0;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      for (const { path, message } of heard(() => objections(value), isWhole)) {
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    },
    { when: () => true },
  );
}

/** What is missing or of another type has a finding of its own; a rule that stumbles over it has nothing to add. */
function heard(objections: () => readonly Objection[], isWhole: boolean): readonly Objection[] {
  try {
    return objections();
  } catch (error) {
    if (isWhole) throw error;
    return [];
  }
}

/** A namespace that is no map has a finding of its own, and must not keep a rule from the others. */
export function withWholeNamespaces<T extends { readonly namespaces: object }>(value: T): T {
  const whole = Object.entries(value.namespaces).filter(
    ([, settings]) => typeof settings === 'object' && settings !== null,
  );
  return { ...value, namespaces: Object.fromEntries(whole) };
}

/** Two ways to say one thing; `need` names what is missing where neither is used. */
export function oneOf<T extends object>(value: T, names: readonly (keyof T & string)[], need?: string): Objection[] {
  const used = names.filter((name) => value[name] !== undefined);
  if (used.length === 0 && need) return [{ path: [], message: `name ${need} by ${names.join(' or ')}` }];
  return used.slice(1).map((name) => ({ path: [name], message: `say either ${names.join(' or ')}, not both` }));
}

interface GitAccess {
  readonly repository: string;
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
}

/** The URL's grammar, no password in it, and credentials of the kind that its transport understands. */
export function repositoryObjections({ repository, credentials }: GitAccess): Objection[] {
  const transport = transportOf(repository);
  if (!transport) {
    const message = 'expected https://host/path, http://host/path, ssh://user@host/path or user@host:path';
    return [{ path: ['repository'], message }];
  }
  if (hasPassword(repository, transport)) {
    return [{ path: ['repository'], message: 'holds a user name or password; name them under credentials instead' }];
  }
  const ssh = credentials?.['sshKeyFile'] !== undefined;
  if (transport === 'ssh' && !ssh) return [{ path: ['credentials'], message: 'an SSH repository needs sshKeyFile' }];
  if (transport === 'ssh' && credentials?.['githubApp'] !== undefined) {
    return [{ path: ['credentials', 'githubApp'], message: 'a GitHub App needs an https:// repository' }];
  }
  if (transport === 'http' && ssh) {
    return [{ path: ['credentials', 'sshKeyFile'], message: 'an SSH key is of no use for an http(s) repository' }];
  }
  return [];
}

function transportOf(url: string): 'http' | 'ssh' | null {
  if (/^[a-z_][a-z0-9._-]*@[a-z0-9.-]+:(?!\/\/).+/i.test(url)) return 'ssh';
  if (!URL.canParse(url)) return null;
  const { protocol, hostname, pathname } = new URL(url);
  if (!hostname || pathname === '/' || pathname === '') return null;
  if (protocol === 'ssh:') return 'ssh';
  return protocol === 'https:' || protocol === 'http:' ? 'http' : null;
}

function hasPassword(url: string, transport: 'http' | 'ssh'): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return password !== '' || (transport === 'http' && username !== '');
}

/** What `git check-ref-format --branch` refuses. */
export function isBranchName(name: string): boolean {
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$|^\/|^-|^@$/.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

interface Whole {
  readonly namespaces: Readonly<
    Record<string, { readonly repository: string; readonly branch: string; readonly route: { readonly kind: string } }>
  >;
  readonly agentServer: { readonly auth?: unknown };
}

/** A route opens the agents to the outside, so who may call them must have been said. */
export function authObjections({ namespaces, agentServer }: Whole): Objection[] {
  if (agentServer.auth !== undefined) return [];
  const open = Object.keys(namespaces).filter((name) => namespaces[name]?.route.kind !== 'none');
  if (open.length === 0) return [];
  const message = `must be said because ${open.join(', ')} has a route: an agent is never public by default`;
  return [{ path: ['agentServer', 'auth'], message }];
}

/** One branch of one repository has one writer a listener: two namespaces there would prune each other. */
export function sharedRepositoryObjections({ namespaces }: Whole): Objection[] {
  const first = new Map<string, string>();
  return Object.entries(namespaces).flatMap(([name, { repository, branch }]) => {
    const lane = `${repository.replace(/\/+$/, '').replace(/\.git$/, '')} ${branch}`;
    const other = first.get(lane);
    if (other === undefined) first.set(lane, name);
    if (other === undefined) return [];
    const message = `is the repository and branch of ${other} too; each namespace needs its own`;
    return [{ path: ['namespaces', name, 'repository'], message }];
  });
}

interface ElectionTimings {
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}

/** Those who stand by spread their attempts by up to this factor more, so that they do not all come at once. */
export const retryJitter = 1.2;

/** Client-go's relations: without them two replicas lead at once, or a leader falls at the first delay. */
export function electionObjections({ leaseDuration, renewDeadline, retryPeriod }: ElectionTimings): Objection[] {
  // What is no duration has a finding of its own, and nothing to be compared with.
  if (![leaseDuration, renewDeadline, retryPeriod].every(Number.isFinite)) return [];
  const lease = `leaseDuration (${leaseDuration} ms) must be longer than renewDeadline (${renewDeadline} ms), or two replicas work at once`;
  const renewal = `renewDeadline (${renewDeadline} ms) must be longer than ${retryJitter} times retryPeriod (${retryPeriod} ms), or a leader gives up at the first delay`;
  return [
    ...(leaseDuration > renewDeadline ? [] : [{ path: ['leaseDuration'], message: lease }]),
    ...(renewDeadline > retryPeriod * retryJitter ? [] : [{ path: ['renewDeadline'], message: renewal }]),
  ];
}

export const file = () => z.string().min(1);
