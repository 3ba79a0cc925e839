/** The rows of the tables, as they are read. */
import type { deployments, listeners, revisionLogs, revisions, secretSets } from './schema.ts';

export type ListenerRow = typeof listeners.$inferSelect;
export type DeploymentRow = typeof deployments.$inferSelect;
export type RevisionRow = typeof revisions.$inferSelect;
/** What reports change and lists show: without what may be large. */
export type RevisionState = Omit<RevisionRow, 'resourceSpec' | 'secretReferences' | 'buildSettings'>;
export type SecretSetRow = typeof secretSets.$inferSelect;
export type RevisionLogRow = typeof revisionLogs.$inferSelect;
