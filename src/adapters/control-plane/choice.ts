/** Finds out which control plane is there: ours with its own calls, or one with the public API only. */
import type { Configuration } from '../../domain/configuration.ts';
import type { Log } from '../../ports.ts';
import type { HttpControlPlane } from './http.ts';

interface ControlPlaneChoice {
  readonly mode: Configuration['controlPlane']['mode'];
  readonly full: () => HttpControlPlane;
  readonly mirror: () => HttpControlPlane;
  readonly log: Log;
}

/** Asks with each whole listing, so that a proxy that answered 404 for a while leaves nobody in the wrong mode. */
export function chooseControlPlane({ mode, full, mirror, log }: ControlPlaneChoice): HttpControlPlane {
  if (mode === 'full') return full();
  if (mode === 'mirror') return mirror();
  const asked = full();
  let mirrored: HttpControlPlane | null = null;
  let chosen: HttpControlPlane | null = null;

  const choose = async (): Promise<HttpControlPlane> => {
    const info = await asked.info();
    if (info === null) mirrored ??= mirror();
    const found = info === null && mirrored ? mirrored : asked;
    if (found !== chosen) {
      log.info(
        info === null ? 'Mirroring a control plane with the public API only' : 'Serving a Towpath control plane',
        {
          version: info?.version,
        },
      );
    }
    chosen = found;
    return found;
  };
  const current = async (): Promise<HttpControlPlane> => chosen ?? choose();
  return {
    info: () => asked.info(),
    desired: async (after, waitSeconds, signal) =>
      (after === null ? await choose() : await current()).desired(after, waitSeconds, signal),
    specification: async (deploymentId, revisionId) => (await current()).specification(deploymentId, revisionId),
    secrets: async (deploymentId, revisionId) => (await current()).secrets(deploymentId, revisionId),
    report: async (term, reports) => (await current()).report(term, reports),
    close: async () => {
      await Promise.all([asked.close(), mirrored?.close()]);
    },
  };
}
