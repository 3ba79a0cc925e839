/** What the doctor asks of a cluster: answers as data, so that judging them needs no cluster. */
import PQueue from 'p-queue';
import { z } from 'zod';
import { wordsOf } from '../../adapters/kubernetes/failure.ts';
import { bodyOf, type KubernetesAnswer, type KubernetesHttp } from '../../adapters/kubernetes/http.ts';
import { TowpathError } from '../../domain/failure.ts';

/** As much of any object as is judged. */
export const AnyObject = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).optional(),
  }),
  spec: z.record(z.string(), z.unknown()).optional(),
  status: z.record(z.string(), z.unknown()).optional(),
  /** Of a ConfigMap or a Secret. */
  data: z.record(z.string(), z.string()).optional(),
});
export type AnyObject = z.infer<typeof AnyObject>;

/** What a look came to: the object or objects, or why there is none to judge. */
export type Seen<Value> =
  | { readonly kind: 'found'; readonly value: Value }
  | { readonly kind: 'missing' }
  /** These rights do not allow it. */
  | { readonly kind: 'forbidden' };

interface ResourceAccess {
  readonly namespace: string;
  readonly group: string;
  /** `pods`, or with its part: `services/proxy`. */
  readonly resource: string;
  readonly verb: string;
}

export interface ClusterReader {
  readonly server: string;
  version(): Promise<{ readonly minor: string; readonly at: Date | null }>;
  /** Names of the resources that an API version serves; null where it is not served. */
  resources(groupVersion: string): Promise<ReadonlySet<string> | null>;
  /** API groups that are served. */
  groups(): Promise<ReadonlySet<string>>;
  object(path: string): Promise<Seen<AnyObject>>;
  list(path: string): Promise<Seen<readonly AnyObject[]>>;
  mayI(access: ResourceAccess): Promise<boolean>;
}

const Version = z.object({ major: z.string(), minor: z.string() });
const Resources = z.object({ resources: z.array(z.object({ name: z.string() })) });
const Groups = z.object({ groups: z.array(z.object({ name: z.string() })) });
/** The API server may call a list null where it is empty. */
const List = z.object({ items: z.array(AnyObject).nullish() });
const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

/** `as`: whose rights `mayI` asks for. */
export function clusterReader(http: KubernetesHttp, as: string | undefined): ClusterReader {
  const get = (path: string) => http.answer({ method: 'GET', path, purpose: `read ${path}` });
  const { server } = http;
  return {
    server,
    version: async () => {
      const answer = await get('/version');
      const { major, minor } = expected(Version, answer, server, 'read the version');
      return { minor: `${major}.${minor.replace(/\D.*$/, '')}`, at: dateOf(answer) };
    },
    resources: async (groupVersion) => {
      const answer = await get(groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`);
      if (answer.status === 404) return null;
      const { resources } = expected(Resources, answer, server, `read the resources of ${groupVersion}`);
      return new Set(resources.map(({ name }) => name));
    },
    groups: async () => {
      const { groups } = expected(Groups, await get('/apis'), server, 'read the API groups');
      return new Set(groups.map(({ name }) => name));
    },
    object: async (path) => seen(AnyObject, await get(path), server, path),
    list: async (path) => {
      const answer = seen(List, await get(path), server, path);
      return answer.kind === 'found' ? { kind: 'found', value: answer.value.items ?? [] } : answer;
    },
    mayI: (access) => askForRight(http, access, as),
  };
}

async function askForRight(http: KubernetesHttp, access: ResourceAccess, as: string | undefined): Promise<boolean> {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const purpose = 'ask for rights';
  const body = reviewOf(access);
  const answer = await http.answer({ method: 'POST', path, body, purpose, ...(as === undefined ? {} : { as }) });
  return expected(Review, answer, http.server, purpose).status.allowed;
}

/** A few at a time: each is a request, and there are dozens. */
export async function askForRights<Right extends ResourceAccess>(
  reader: ClusterReader,
  rights: readonly Right[],
): Promise<readonly (Right & { readonly isAllowed: boolean })[]> {
  const queue = new PQueue({ concurrency: 8 });
  return queue.addAll(rights.map((right) => async () => ({ ...right, isAllowed: await reader.mayI(right) })));
}

function reviewOf({ namespace, group, resource, verb }: ResourceAccess): unknown {
  const [name, subresource] = resource.split('/');
  const resourceAttributes = { namespace, group, resource: name, verb, ...(subresource ? { subresource } : {}) };
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
}

/** The server's clock; null where it does not say. */
function dateOf({ headers }: KubernetesAnswer): Date | null {
  const date = new Date(headers.date ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function seen<Value>(schema: z.ZodType<Value>, answer: KubernetesAnswer, server: string, path: string): Seen<Value> {
  if (answer.status === 404) return { kind: 'missing' };
  if (answer.status === 403) return { kind: 'forbidden' };
  return { kind: 'found', value: expected(schema, answer, server, `read ${path}`) };
}

function expected<Value>(schema: z.ZodType<Value>, answer: KubernetesAnswer, server: string, doing: string): Value {
  const { status, text } = answer;
  const parsed = schema.safeParse(bodyOf(answer));
  if (status < 300 && parsed.success) return parsed.data;
  const said = wordsOf(text);
  const why = status < 300 ? 'its answer is not what was expected' : `it answered ${status}${said ? ` (${said})` : ''}`;
  throw new TowpathError('terminal', 'ClusterRefused', `Cannot ${doing} at ${server}: ${why}; check the kubeconfig`);
}
