/** Opens a control plane: the database, the rules over it and the HTTP application, for whoever serves it. */
import type { Hono } from 'hono';
import { ensureAdminKey } from './access/admin-key.ts';
import { type Authenticate, authenticator } from './access/authenticate.ts';
import type { Answered } from './api/answered.ts';
import { controlPlaneApp } from './api/app.ts';
import type { TowpathServices } from './api/towpath/services.ts';
import { auditTrail } from './audit-trail.ts';
import type { Log } from './log.ts';
import type { Keyring } from './secrets/keyring.ts';
import { requireKeys } from './secrets/rotate-secrets.ts';
import { secretBox } from './secrets/secret-box.ts';
import { type DatabaseLocation, openDatabase } from './store/database.ts';
import { reachability } from './store/reachable.ts';

interface ControlPlaneOptions {
  readonly location: DatabaseLocation;
  /** Closes and opens the secrets at rest. */
  readonly keyring: Keyring;
  /** From the environment; where it is undefined an admin key is made at the first start. */
  readonly adminKey: string | undefined;
  /** False serves only what LangSmith's public API has. */
  readonly towpathCalls?: boolean;
  readonly log: Log;
  readonly now?: () => Date;
  /** Told of each answer, for whoever measures. */
  readonly onAnswer?: (answered: Answered) => void;
  /** How often one key may ask in the long run; undefined: as often as it likes. */
  readonly requestsPerSecond?: number | undefined;
}

export interface OpenControlPlane {
  readonly app: Hono;
  /** For set-up in the same process: `createWorkspace`, `createKey`, `createListener` take these. */
  readonly services: TowpathServices;
  readonly authenticate: Authenticate;
  /** The text of the admin key that was made just now, to be shown once; else null. */
  readonly newAdminKey: string | null;
  /** Ends long polls and event streams at once; call it before the server is closed. */
  stop(): void;
  /** Stops, and closes the database. */
  close(): Promise<void>;
}

export async function openControlPlane(options: ControlPlaneOptions): Promise<OpenControlPlane> {
  const { log, now = () => new Date() } = options;
  const { database, changes, probe, close } = await openDatabase(options.location, log);
  try {
    const missing = await requireKeys(database, options.keyring);
    if (missing !== null) log.warn('Cannot read some stored secrets: keys are missing', { keys: missing });
    const newAdminKey = await ensureAdminKey(database, options.adminKey, log);
    const authenticate = authenticator({ database, changes, now, log });
    const stopping = new AbortController();
    const trail = auditTrail({ database, now, log });
    const services: TowpathServices = {
      database,
      changes,
      authenticate,
      secretBox: secretBox(options.keyring),
      stopping: stopping.signal,
      reachable: reachability({ probe }, log),
      trail,
      now,
      log,
    };
    return {
      app: controlPlaneApp(services, { ...options, towpathCalls: options.towpathCalls ?? true }),
      services,
      authenticate,
      newAdminKey,
      stop: () => stopping.abort(),
      async close() {
        stopping.abort();
        await trail.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
