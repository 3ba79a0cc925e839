/** Reads what a controller wrote into an object: every field may be missing or of another type than it should be. */
import { listAt, textAt, timeAt } from '../../domain/object-fields.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since: Date | null;
}

export function conditionsOf(object: unknown): readonly Condition[] {
  return listAt(object, 'status', 'conditions').map((condition) => ({
    type: textAt(condition, 'type'),
    status: textAt(condition, 'status'),
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message'),
    since: timeAt(condition, 'lastTransitionTime'),
  }));
}

export function conditionOf(object: unknown, type: string, status?: string): Condition | undefined {
  return conditionsOf(object).find((one) => one.type === type && (status === undefined || one.status === status));
}
