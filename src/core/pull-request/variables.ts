/** What users' templates can say of a change; README, "Reviewing deployments", lists it. */
import { isProven, type Requester } from '../../domain/requester.ts';
import { revisionName, shortRevision } from '../../domain/revision-name.ts';
import { compareText } from '../change/words.ts';
import { authorOf, plainDoubt } from '../requester-identity.ts';
import { labelsOf } from '../risk/risk.ts';
import { changesSection, filesSection, risksSection } from './body.ts';
import type { ReviewedChange, ToldChange } from './change.ts';
import { fitSections } from './sections.ts';
import { bareText, titleText } from './text.ts';
import { addressesOf, afterwards, askedFor, summary } from './words.ts';

/** A value as a template sees it: texts are safe where they stand. */
export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

/** A title is one line of plain text, so what is Markdown is not among its values. */
export function titleVariables(change: ReviewedChange, told: ToldChange): TemplateValue {
  return safe(facts(change, told), (text) => titleText(text));
}

export function bodyVariables(change: ReviewedChange, told: ToldChange): TemplateValue {
  const texts = safe(facts(change, told), (text) => bareText(text));
  const { deployment, revision } = addressesOf(change);
  return {
    ...texts,
    // These are Markdown already, or addresses: made safe where they were made.
    deploymentUrl: deployment,
    revisionUrl: revision,
    rows: told.rows.map(({ what, before, after }) => ({ what, before, after })),
    risks: told.risks.map(({ label, text }) => ({ label, text })),
    summary: summary(change, told),
    changesSection: whole(changesSection(change, told)),
    risksSection: whole(risksSection(told)),
    askedForSection: askedFor(change),
    whatHappensNext: afterwards(change),
    filesSection: whole(filesSection(told)),
  };
}

function facts(change: ReviewedChange, told: ToldChange): { readonly [name: string]: TemplateValue } {
  const { requester, provenance } = change;
  const known = provenance.after ?? provenance.before;
  const names = (kind: 'added' | 'removed' | 'changed'): readonly string[] =>
    [...new Set(told.environment.flatMap((one) => one[kind]))].sort(compareText);
  return {
    kind: change.kind,
    isFirst: change.before === null,
    subject: change.commit.subject,
    why: change.commit.why,
    namespace: change.namespace,
    deployment: { id: change.deployment.id, name: change.deployment.name },
    revision: known && {
      id: known.revisionId,
      short: shortRevision(known.revisionId),
      number: known.revisionNumber,
      name: revisionName({ id: known.revisionId, number: known.revisionNumber }),
    },
    rollbackTo: rollbackOf(provenance.after),
    path: change.path,
    engine: change.engine,
    deletesData: change.deletesData,
    image: { before: told.image.before, after: told.image.after },
    requester: requester && requesterFacts(requester),
    requestedAt: change.requestedAt?.toISOString() ?? null,
    riskLabels: labelsOf(told.risks),
    environment: { added: names('added'), removed: names('removed'), changed: names('changed') },
    files: told.files.map(({ path, kind, added, removed }) => ({ path, kind, added, removed })),
  };
}

/** Name and e-mail as the commit's author has them, so that no template shows what nobody proved without its mark. */
function requesterFacts(requester: Requester): { readonly [name: string]: TemplateValue } {
  return {
    ...(isProven(requester) ? { name: requester.name, email: requester.email } : authorOf(requester)),
    isProven: isProven(requester),
    doubt: plainDoubt(requester),
    key: requester.key?.id ?? null,
  };
}

function rollbackOf(provenance: ReviewedChange['provenance']['after']): TemplateValue {
  const id = provenance?.rollbackTo ?? null;
  if (provenance === null || id === null) return null;
  const number = provenance.rollbackToNumber;
  return { id, short: shortRevision(id), number, name: revisionName({ id, number }) };
}

function whole(section: Parameters<typeof fitSections>[0][number]): string {
  return fitSections([section], Number.POSITIVE_INFINITY).trimEnd();
}

type Protect = (text: string) => string;

function safe(values: { readonly [name: string]: TemplateValue }, protect: Protect) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, safeValue(value, protect)]));
}

function safeValue(value: TemplateValue, protect: Protect): TemplateValue {
  if (typeof value === 'string') return protect(value);
  if (Array.isArray(value)) return value.map((one) => safeValue(one, protect));
  if (typeof value === 'object' && value !== null) return safe(value as { [name: string]: TemplateValue }, protect);
  return value;
}
