/** What a reviewer must not overlook, in plain sentences, the gravest first; some of it also becomes a label. */
import { deletionRisks, statefulRisks, storageRisks } from './data.ts';
import { takenBackRisks, takeoverRisks, unreadableRisks } from './files.ts';
import { imageRisks, scaleRisks } from './image.ts';
import { networkRisks, routeRisks } from './network.ts';
import { podRisks, rightsRisks } from './pods.ts';
import { type ReadChange, type Risk, type RiskLabel, riskLabels } from './read-change.ts';

const rules: readonly ((change: ReadChange) => readonly Risk[])[] = [
  deletionRisks,
  takenBackRisks,
  statefulRisks,
  storageRisks,
  takeoverRisks,
  podRisks,
  rightsRisks,
  routeRisks,
  networkRisks,
  imageRisks,
  scaleRisks,
  unreadableRisks,
];

export function reviewRisks(change: ReadChange): readonly Risk[] {
  const found = new Map(rules.flatMap((rule) => rule(change)).map((risk) => [risk.text, risk]));
  return [...found.values()];
}

/** Those of risks that are there, in the order of `riskLabels`. */
export function labelsOf(risks: readonly Risk[]): readonly RiskLabel[] {
  const found = new Set(risks.map((risk) => risk.label));
  return riskLabels.filter((label) => found.has(label));
}
