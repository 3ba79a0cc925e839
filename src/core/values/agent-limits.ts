/** What an LGP cannot say: refused all at once, for an operator would pass over it without a word. */
import { AgentServer } from '../../domain/configuration-agent-server.ts';
import {
  lgpDatabaseObjections,
  lgpRedisObjections,
  lgpRouteObjections,
  lgpUserObjections,
  lgpVolumeObjections,
} from '../../domain/configuration-lgp.ts';
import type { Finding } from '../../domain/finding.ts';
import { isOperated, type RenderInput } from '../template/set.ts';
import type { Sizes } from './resources.ts';
import { hasExternalDatabase, hasExternalRedis } from './server.ts';

export function checkAgent(input: RenderInput, sizes: Sizes, findings: Finding[]): void {
  if (!isOperated(input.namespace)) return;
  findings.push(...configurationLimits(input), ...scaleLimits(input, sizes));
}

/** What was left as it comes is nobody's wish, so nothing is lost where the operator does otherwise. */
const asItComes = AgentServer.parse({});

/** `towpath validate` says most of it; only here it is known what a deployment brings itself. */
function configurationLimits(input: RenderInput): Finding[] {
  const { agentServer, namespace, specification } = input;
  const name = specification.deployment.namespace;
  const objections = [
    ...(hasExternalDatabase(input)
      ? []
      : [...lgpVolumeObjections(name, namespace, agentServer), ...lgpDatabaseObjections(agentServer, asItComes)]),
    ...(hasExternalRedis(input) ? [] : lgpRedisObjections(agentServer, asItComes)),
    ...lgpUserObjections(agentServer, asItComes),
    ...lgpRouteObjections(name, namespace),
  ];
  return objections.map(({ path, message }) => finding(path.join('.'), message));
}

function scaleLimits({ agentServer }: RenderInput, { apiScale, queueScale }: Sizes): Finding[] {
  if (agentServer.autoscaler !== 'none' || !agentServer.queue || apiScale.min === queueScale.min) return [];
  const message = `without an autoscaler an LGP has one number of pods for API and queue, and min_scale is ${apiScale.min}; leave it out, or say agentServer.autoscaler: hpa`;
  return [finding('resource_spec.queue_min_scale', message)];
}

function finding(path: string, message: string): Finding {
  return { path, line: null, pointer: null, message };
}
