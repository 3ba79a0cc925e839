/** What our own calls need beside what the rules need. */
import type { Authenticate } from '../../access/authenticate.ts';
import type { AuditTrail } from '../../audit-trail.ts';
import type { Services } from '../../services.ts';
import type { Changes } from '../../store/changes.ts';
import type { Reachability } from '../../store/reachable.ts';

export interface TowpathServices extends Services {
  readonly changes: Changes;
  readonly authenticate: Authenticate;
  /** Whether the database answers, for probes. */
  readonly reachable: () => Promise<Reachability>;
  readonly trail: AuditTrail;
  /** Ends the long polls and the event streams when the server is to stop. */
  readonly stopping: AbortSignal;
}
