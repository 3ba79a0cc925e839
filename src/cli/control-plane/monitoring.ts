/** What a control plane's own process shows of itself: requests, revisions and the database, without a key. */
import {
  counter,
  gauge,
  histogram,
  type MetricDefinitions,
  openMeasures,
} from '../../adapters/telemetry/prometheus-measures.ts';
import type { Answered } from '../../control-plane/api/answered.ts';
import type { OpenControlPlane } from '../../control-plane/control-plane.ts';
import { countStatuses } from '../../control-plane/store/count-statuses.ts';
import { messages } from '../failure-text.ts';
import type { Health, HealthQuestion } from '../server/monitoring.ts';
import { version } from '../version.ts';

/** Up to a long poll and its answer. */
const requests = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Every metric of a control plane; dashboards and alert rules are compared with these. */
export const controlPlaneMetrics = {
  towpath_control_plane_requests_total: counter('requests by route', ['method', 'route', 'code']),
  towpath_control_plane_request_duration_seconds: histogram('until the head of the answer', ['route'], requests),
  towpath_control_plane_revisions: gauge(
    'newest revisions of deployments by status; the same in every process on one database, so take the maximum',
    ['status'],
  ),
  towpath_control_plane_database_up: gauge('1 while the database answers', []),
  towpath_control_plane_database_answer_seconds: gauge('how long its last answer to a probe took', []),
  towpath_control_plane_info: gauge('always 1; the label tells the version', ['version']),
} as const satisfies MetricDefinitions;

type Services = OpenControlPlane['services'];

interface ControlPlaneMonitor {
  onAnswer(answered: Answered): void;
  metrics(services: Services): Promise<string>;
}

export function controlPlaneMonitor(): ControlPlaneMonitor {
  const measures = openMeasures(controlPlaneMetrics);
  measures.set('towpath_control_plane_info', { version: version() }, 1);
  return {
    onAnswer({ method, route, code, durationMs }) {
      measures.add('towpath_control_plane_requests_total', { method, route, code: String(code) });
      measures.observe('towpath_control_plane_request_duration_seconds', { route }, durationMs);
    },
    async metrics(services) {
      const { isUp, tookMs } = await services.reachable();
      measures.set('towpath_control_plane_database_up', {}, isUp ? 1 : 0);
      measures.set('towpath_control_plane_database_answer_seconds', {}, tookMs / 1_000);
      // Without a database the rest is still worth to be seen, most of all that it is away.
      if (isUp) await measureRevisions(measures, services);
      return measures.text();
    },
  };
}

async function measureRevisions(
  measures: Pick<ReturnType<typeof openMeasures<typeof controlPlaneMetrics>>, 'set'>,
  { database, log }: Services,
): Promise<void> {
  try {
    for (const [status, count] of await countStatuses(database)) {
      measures.set('towpath_control_plane_revisions', { status }, count);
    }
  } catch (error) {
    log.warn('Cannot count the revisions for /metrics', { error: messages(error).join(': ') });
  }
}

/** Nothing here gets better by a restart; without a database it is not ready. */
export async function controlPlaneHealth(services: Services, question: HealthQuestion): Promise<Health> {
  if (question === 'does it live') return { dead: [], unready: [] };
  if (services.stopping.aborted) return { dead: [], unready: ['It is stopping'] };
  const { isUp } = await services.reachable();
  return { dead: [], unready: isUp ? [] : ['The database does not answer: see the log'] };
}
