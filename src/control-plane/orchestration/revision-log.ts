/** Writes the lines that `langgraph deploy logs` shows. */
import type { DeploymentId, RevisionId } from '../../domain/identifiers.ts';
import type { Stage } from '../../domain/report.ts';
import type { Transaction } from '../store/open-database.ts';
import { revisionLogs } from '../store/schema.ts';

export interface LogLine {
  readonly deploymentId: DeploymentId;
  readonly revisionId: RevisionId;
  readonly at: Date;
  /** When the listener said it, by its own clock. */
  readonly reportedAt?: Date;
  readonly level: 'INFO' | 'WARNING' | 'ERROR';
  readonly stage: Stage | null;
  readonly message: string;
}

export async function writeLog(transaction: Transaction, lines: readonly LogLine[]): Promise<void> {
  if (lines.length > 0) await transaction.insert(revisionLogs).values([...lines]);
}
