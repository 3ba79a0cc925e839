/** What our own calls need beside what the rules need. */
import type { Authenticate } from '../../access/authenticate.ts';
import type { Services } from '../../services.ts';
import type { Changes } from '../../store/changes.ts';

export interface TowpathServices extends Services {
  readonly changes: Changes;
  readonly authenticate: Authenticate;
  /** Ends the long polls and the event streams when the server is to stop. */
  readonly stopping: AbortSignal;
}
