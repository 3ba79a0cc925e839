/** Our own control plane over HTTPS: the calls under `/towpath/v1`. */
import { z } from 'zod';
import { asTowpathError } from '../../domain/failure.ts';
import type { ListenerId } from '../../domain/identifiers.ts';
import { SecretValues } from '../../domain/specification.ts';
import type { ControlPlane, Log } from '../../ports.ts';
import { AnsweredInfo, answeredPage, answeredSpecification, ignoredFieldsTeller } from './answers.ts';
import { type ControlPlaneConnection, connectToControlPlane } from './client.ts';

export interface HttpControlPlane extends ControlPlane {
  close(): Promise<void>;
}

export function httpControlPlane(
  connection: ControlPlaneConnection,
  listenerId: ListenerId,
  log: Pick<Log, 'warn'> = { warn: () => undefined },
): HttpControlPlane {
  const tellIgnored = ignoredFieldsTeller(log);
  const client = connectToControlPlane(connection);
  const own = `/towpath/v1/listeners/${listenerId}`;
  return {
    info: async () => {
      try {
        return await client.call({ purpose: 'ask the version', path: '/towpath/v1/info', answer: AnsweredInfo });
      } catch (error) {
        if (asTowpathError(error)?.reason === 'NotFound') return null;
        throw error;
      }
    },
    desired: (after, waitSeconds, signal) =>
      client.call({
        purpose: 'ask what is wanted',
        path: `${own}/desired`,
        query: { ...(after === null ? {} : { after }), wait: waitSeconds },
        answer: answeredPage(log),
        waitMs: waitSeconds * 1000,
        signal,
      }),
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
      await client.call({
        purpose: 'report',
        method: 'POST',
        path: `${own}/reports`,
        body: { term, reports },
        answer: z.unknown(),
      });
    },
    close: client.close,
  };
}
