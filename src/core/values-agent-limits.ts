/** What an LGP cannot say: refused all at once, for an operator would pass over it without a word. */
import { AgentServer } from '../domain/configuration.ts';
import type { Finding } from '../domain/finding.ts';
import { isOperated, type RenderInput } from './template-set.ts';
import type { Sizes } from './values-resources.ts';
import { hasExternalDatabase, hasExternalRedis } from './values-server.ts';

export function checkAgent(input: RenderInput, sizes: Sizes, findings: Finding[]): void {
  if (!isOperated(input.namespace)) return;
  findings.push(
    ...databaseLimits(input),
    ...redisLimits(input),
    ...userLimits(input),
    ...routeLimits(input),
    ...scaleLimits(input, sizes),
  );
}

/** What was left as it comes is nobody's wish, so nothing is lost where the operator does otherwise. */
const asItComes = AgentServer.parse({});

function databaseLimits(input: RenderInput): Finding[] {
  const { agentServer, namespace } = input;
  const { database } = agentServer;
  if (hasExternalDatabase(input) || database.kind === 'external') return [];
  return [
    ...(namespace.deletion.data === 'retain'
      ? [
          finding(
            ofNamespace(input, 'deletion.data'),
            "the operator deletes a database's volume with its deployment and cannot be told otherwise; say deletion.data: delete, or use an external database",
          ),
        ]
      : []),
    ...(database.image === imageOf(asItComes.database)
      ? []
      : [finding('agentServer.database.image', `the operator chooses the image of Postgres; ${itsTemplates}`)]),
    ...(database.storageClassName === undefined
      ? []
      : [
          finding(
            'agentServer.database.storageClassName',
            `the operator makes the volume, by the cluster's default; ${itsTemplates}`,
          ),
        ]),
  ];
}

function redisLimits(input: RenderInput): Finding[] {
  const { redis } = input.agentServer;
  if (hasExternalRedis(input) || redis.kind === 'external' || redis.image === imageOf(asItComes.redis)) return [];
  return [finding('agentServer.redis.image', `the operator chooses the image of Redis; ${itsTemplates}`)];
}

const itsTemplates = "leave it out here and say it in the operator's own templates";

function imageOf(store: AgentServer['database'] | AgentServer['redis']): string | null {
  return store.kind === 'in-cluster' ? store.image : null;
}

/** 0 says just what an operator does: the image's own user. */
function userLimits({ agentServer }: RenderInput): Finding[] {
  if (agentServer.runAsUser === 0 || agentServer.runAsUser === asItComes.runAsUser) return [];
  return [finding('agentServer.runAsUser', `an LGP has no field for the user of its pods; ${itsTemplates}`)];
}

/** An LGP says only whether there is a way in; the configuration tells where the operator puts it. */
function routeLimits(input: RenderInput): Finding[] {
  const { route } = input.namespace;
  const object = (option: string, message: string) => finding(ofNamespace(input, `route.${option}`), message);
  if (route.kind === 'none') return [];
  const own = "is the operator's own choice, which an LGP cannot change; leave it out";
  return [
    ...(route.kind === 'ingress'
      ? []
      : [
          object(
            'kind',
            'the operator chooses between Ingress, Gateway and Istio; say ingress, with host and tls only',
          ),
        ]),
    ...(route.hostSuffix === undefined
      ? []
      : [object('hostSuffix', 'the operator opens all agents on one host, below /lgp/; say host')]),
    ...(route.kind === 'ingress' && route.className !== undefined ? [object('className', own)] : []),
    ...(route.kind === 'ingress' && Object.keys(route.annotations).length > 0 ? [object('annotations', own)] : []),
    ...(route.kind === 'ingress' && route.tls?.secretName !== undefined ? [object('tls.secretName', own)] : []),
  ];
}

function scaleLimits({ agentServer }: RenderInput, { apiScale, queueScale }: Sizes): Finding[] {
  if (agentServer.autoscaler !== 'none' || !agentServer.queue || apiScale.min === queueScale.min) return [];
  const message = `without an autoscaler an LGP has one number of pods for API and queue, and min_scale is ${apiScale.min}; leave it out, or say agentServer.autoscaler: hpa`;
  return [finding('resource_spec.queue_min_scale', message)];
}

function ofNamespace({ specification }: RenderInput, option: string): string {
  return `namespaces.${specification.deployment.namespace}.${option}`;
}

function finding(path: string, message: string): Finding {
  return { path, line: null, pointer: null, message };
}
