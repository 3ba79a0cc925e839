/** What is read of a control plane's answers: strictly nothing that a newer one could not add to. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  AnsweredInfo,
  AnsweredReports,
  AnsweredResourceSpec,
  answeredPage,
  ignoredFieldsTeller,
  tellDropped,
} from '../../src/adapters/control-plane/answers.ts';
import { tolerant, unknownFields } from '../../src/domain/answer.ts';
import { DeploymentId } from '../../src/domain/identifiers.ts';
import type { Report } from '../../src/domain/report.ts';
import { ResourceSpec } from '../../src/domain/resource-spec.ts';
import { memoryLog } from '../support/memory-log.ts';

const commit = 'a'.repeat(40);
const lastReport = {
  revisionId: randomUUID(),
  ...{ stage: 'committed', outcome: 'succeeded', reason: 'Pushed', message: 'pushed', commit, pullRequest: null },
  at: '2026-03-01T12:00:00Z',
};
const present = {
  kind: 'present',
  deploymentId: randomUUID(),
  name: 'chat',
  namespace: 'team-a',
  lastReport,
  revisionId: randomUUID(),
  secretsVersion: null,
  interrupted: false,
};
const removed = { ...present, kind: 'removed', request: null };

function read(...items: readonly unknown[]) {
  const log = memoryLog();
  const page = { cursor: 'c', reset: true, more: false, items, a_newer_field: 1 };
  return { items: answeredPage(log).parse(page).items, lines: log.lines };
}

describe('what is wanted', () => {
  it('is read past a kind of which nobody has heard, and past what is not whole', () => {
    const { items, lines } = read(present, { ...present, kind: 'paused' }, { kind: 'present' }, 7, null, removed);

    expect(items.map(({ kind }) => kind)).toEqual(['present', 'removed']);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toContain(present.deploymentId);
    expect(lines[0]).toContain('paused');
  });

  it.each([
    [{ stage: 'verified' }, { stage: 'committed', outcome: 'succeeded', commit }],
    [
      { stage: 'verified', commit: null },
      { stage: 'queued', outcome: 'succeeded', commit: null },
    ],
    [{ outcome: 'paused' }, { stage: 'committed', outcome: 'progressing', commit }],
    [
      { message: 'm'.repeat(30_000), reason: 'R'.repeat(200) },
      { stage: 'committed', outcome: 'succeeded', commit },
    ],
  ])('keeps the commit of a last word that a newer listener said: %j', (said, expected) => {
    const { items } = read({ ...present, lastReport: { ...lastReport, ...said } });

    expect(items[0]?.lastReport).toMatchObject(expected);
  });

  it('still refuses a page that is none', () => {
    expect(answeredPage(memoryLog()).safeParse({ cursor: 'c', reset: true, more: false }).success).toBe(false);
    expect(answeredPage(memoryLog()).safeParse({ cursor: 7, reset: true, more: false, items: [] }).success).toBe(false);
  });
});

it('takes the version of a control plane, whatever its features have become', () => {
  expect(AnsweredInfo.parse({ version: '9', features: { a: 1 } })).toEqual({ version: '9', features: [] });
  expect(AnsweredInfo.parse({ version: '9', features: ['a', { b: 1 }] })).toEqual({ version: '9', features: ['a'] });
});

describe('a specification', () => {
  const sidecar = { name: 'proxy', image: 'proxy:1', livenessProbe: { httpGet: {} }, resizePolicy: null };
  const spec = { gpu: 1, tpu: null, cpu: 12, labels: { any: 'name' }, sidecars: [sidecar] };

  it('is read without what nobody knows, and beyond the limits of today', () => {
    expect(ResourceSpec.safeParse(spec).success).toBe(false);
    expect(AnsweredResourceSpec.parse(spec)).toEqual({
      cpu: 12,
      labels: { any: 'name' },
      sidecars: [{ name: 'proxy', image: 'proxy:1' }],
    });
    expect(AnsweredResourceSpec.safeParse({ cpu: 'many' }).success).toBe(false);
    expect(AnsweredResourceSpec.safeParse({ min_scale: -1 }).success).toBe(false);
    expect(AnsweredResourceSpec.safeParse({ service_account_name: 'No Name' }).success).toBe(false);
  });

  it('tells once which fields have no effect', () => {
    const log = memoryLog();
    const tell = ignoredFieldsTeller(log);
    const id = DeploymentId.parse(randomUUID());

    for (const each of [spec, spec, { cpu: 1 }, { tpu: null }, { gpu: 2 }]) tell(id, each);

    expect(log.lines).toHaveLength(2);
    expect(log.lines[0]).toContain('resource_spec.sidecars.0.livenessProbe, resource_spec.gpu');
    expect(log.lines[1]).not.toContain('sidecars');
  });
});

it('relaxes every kind of schema that rules are made of, and leaves the rules as they are', () => {
  const rules = z.strictObject({
    any: z.union([z.strictObject({ kind: z.literal('a'), text: z.string().min(1).max(2) }), z.number().max(1)]),
    list: z.array(z.record(z.string(), z.strictObject({ n: z.int().min(0).max(5) }))).max(1),
  });
  const answer = { any: { kind: 'a', text: 'long', new: 1 }, list: [{ x: { n: 9, new: 1 } }, {}], new: 1 };

  expect(tolerant(rules).parse(answer)).toEqual({ any: { kind: 'a', text: 'long' }, list: [{ x: { n: 9 } }, {}] });
  expect(tolerant(rules).safeParse({ any: { kind: 'a', text: '' }, list: [] }).success).toBe(false);
  expect(rules.safeParse(answer).success).toBe(false);
  expect(unknownFields(rules, { any: 1, list: [{ x: { n: 1, new: 1 } }], other: null })).toEqual(['list.0.x.new']);
});

describe('what becomes of reports', () => {
  const [lane, revision] = [{ kind: 'lane' }, { kind: 'revision' }] as unknown as Report[];
  const told = (answer: unknown, ...reports: readonly (Report | undefined)[]) => {
    const log = memoryLog();
    tellDropped(log, reports as Report[], AnsweredReports.parse(answer).ignored);
    return log.lines;
  };

  it('is told where those about repositories are dropped, in one line', () => {
    const ignored = [0, 1, 2].map((index) => ({ index, why: `why ${index}`, a_newer_field: 1 }));
    const lines = told({ ignored }, revision, lane, lane);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('why 1');
    expect(lines[0]).toMatch(/"?reports"?[=:]\s?2/);
  });

  it.each([
    ['a deployment that is gone', { ignored: [{ index: 0, why: 'gone' }] }],
    ['an index of nothing', { ignored: [{ index: 7, why: 'gone' }] }],
    ['nothing', { ignored: [] }],
    ['an answer that says nothing of it', {}],
    ['an answer of another kind', null],
  ])('is no news of %s', (_, answer) => {
    expect(told(answer, revision)).toEqual([]);
  });
});
