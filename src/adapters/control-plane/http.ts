/** Our own control plane over HTTPS: the calls under `/towpath/v1`. */
import { asTowpathError } from '../../domain/failure.ts';
import type { ListenerId } from '../../domain/identifiers.ts';
import { SecretValues } from '../../domain/specification.ts';
import type { ControlPlane, Log } from '../../ports.ts';
import {
  AnsweredInfo,
  AnsweredReports,
  answeredPage,
  answeredSpecification,
  ignoredFieldsTeller,
  tellDropped,
} from './answers.ts';
import { type ControlPlaneClient, type ControlPlaneConnection, connectToControlPlane } from './client.ts';
import { requireListenerKey } from './listener-key.ts';

export interface HttpControlPlane extends ControlPlane {
  close(): Promise<void>;
}

interface ListenerCalls {
  /** Nothing is told to whoever could not report what becomes of it. */
  readonly mustReport?: boolean;
  readonly log?: Pick<Log, 'warn'>;
}

export function httpControlPlane(
  connection: ControlPlaneConnection,
  listenerId: ListenerId,
  { mustReport = true, log = { warn: () => undefined } }: ListenerCalls = {},
): HttpControlPlane {
  const tellIgnored = ignoredFieldsTeller(log);
  const client = connectToControlPlane(connection);
  const own = `/towpath/v1/listeners/${listenerId}`;
  return {
    info: () => readInfo(client),
    desired: async (after, waitSeconds, signal) => {
      const page = await client.call({
        purpose: 'ask what is wanted',
        path: `${own}/desired`,
        query: { ...(after === null ? {} : { after }), wait: waitSeconds },
        answer: answeredPage(log),
        waitMs: waitSeconds * 1000,
        signal,
      });
      // Where it is not said with each page it is tried with each whole listing: a key file may change at any time.
      const isToCheck = mustReport && (page.caller !== undefined || after === null);
      if (isToCheck) await requireListenerKey(client, connection.url, listenerId, page.caller);
      return page;
    },
    specification: (deploymentId, revisionId) =>
      client.call({
        purpose: `read the specification of revision ${revisionId}`,
        path: `/towpath/v1/deployments/${deploymentId}/revisions/${revisionId}/spec`,
        answer: answeredSpecification((resourceSpec) => tellIgnored(deploymentId, resourceSpec)),
      }),
    secrets: (deploymentId, revisionId) =>
      client.call({
        purpose: `read the secrets of revision ${revisionId}`,
        path: `/towpath/v1/deployments/${deploymentId}/revisions/${revisionId}/secrets`,
        answer: SecretValues,
      }),
    report: async (term, reports) => {
      const { ignored } = await client.call({
        purpose: 'report',
        method: 'POST',
        path: `${own}/reports`,
        body: { term, reports },
        answer: AnsweredReports,
      });
      tellDropped(log, reports, ignored);
    },
    close: client.close,
  };
}

/** Null: there are no calls of ours. */
async function readInfo(client: ControlPlaneClient): ReturnType<ControlPlane['info']> {
  try {
    return await client.call({ purpose: 'ask the version', path: '/towpath/v1/info', answer: AnsweredInfo });
  } catch (error) {
    if (asTowpathError(error)?.reason === 'NotFound') return null;
    throw error;
  }
}
