import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { openTracing } from '../../src/adapters/telemetry/tracing.ts';
import { DeploymentId, NamespaceName, RevisionId } from '../../src/domain/identifiers.ts';
import { memoryLog } from '../support/memory-log.ts';

interface Span {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue: string } }[];
  readonly status: { code?: number; message?: string };
}

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => once(server.close(), 'close'))));

const about = {
  namespace: NamespaceName.parse('team-a'),
  deploymentId: DeploymentId.parse('0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11'),
  revisionId: RevisionId.parse('7d1f8f0e-64f5-4f6c-9b68-0b3a2f0f7a12'),
};
const [first, second, third] = ['00', '02', '09'].map((seconds) => new Date(`2026-03-01T12:00:${seconds}.000Z`)) as [
  Date,
  Date,
  Date,
];
const nanoseconds = (at: Date): string => `${at.getTime()}000000`;

it('sends one trace a revision, into which the spans of several processes join', async () => {
  const collector = await startCollector();
  const [one, successor] = await Promise.all([open(collector.url), open(`${collector.url}/`)]);

  one.step({ ...about, name: 'desired-to-committed', from: first, to: second });
  one.step({
    ...about,
    revisionId: RevisionId.parse(about.deploymentId),
    name: 'desired-to-committed',
    from: first,
    to: third,
  });
  await one.close();
  successor.step({ ...about, name: 'committed-to-synced', from: second, to: third });
  await successor.close();

  const spans = collector.spans().filter((span) => span.traceId === '7d1f8f0e64f54f6c9b680b3a2f0f7a12');
  expect(spans.map((span) => [span.name, span.startTimeUnixNano, span.endTimeUnixNano])).toEqual([
    ['desired-to-committed', nanoseconds(first), nanoseconds(second)],
    ['committed-to-synced', nanoseconds(second), nanoseconds(third)],
  ]);
  expect(attributesOf(spans[0])).toEqual({
    'towpath.namespace': 'team-a',
    'towpath.deployment.id': about.deploymentId,
    'towpath.revision.id': about.revisionId,
  });
  expect(spans.every((span) => !span.parentSpanId && (span.status.code ?? 0) === 0)).toBe(true);
  expect(collector.spans()).toHaveLength(3);
  expect(collector.paths()).toEqual(['/v1/traces', '/v1/traces']);
  expect(collector.bodies()).toContain('"towpath-listener"');
});

it('marks a failure as an error with its reason', async () => {
  const collector = await startCollector();
  const tracing = await open(collector.url);

  tracing.failure(about.namespace, 'healthy', 'CrashLoop', about);
  tracing.failure(about.namespace, 'healthy', 'NobodyKnowsWhose');
  await tracing.close();

  const [span, ...others] = collector.spans();
  expect(span).toMatchObject({
    traceId: '7d1f8f0e64f54f6c9b680b3a2f0f7a12',
    name: 'failed-healthy',
    status: { code: 2, message: 'CrashLoop' },
  });
  expect(attributesOf(span)).toMatchObject({ 'towpath.stage': 'healthy', 'towpath.reason': 'CrashLoop' });
  expect(others).toEqual([]);
});

it('is disturbed by no collector that is away: it says so once, and ends all the same', async () => {
  const collector = await startCollector();
  await once(servers.splice(0)[0]?.close() as Server, 'close');
  const log = memoryLog();
  const tracing = await open(collector.url, log);

  for (let count = 0; count < 5_000; count++) {
    tracing.step({ ...about, name: 'desired-to-committed', from: first, to: second });
  }
  await tracing.close();
  tracing.step({ ...about, name: 'desired-to-committed', from: first, to: second });

  expect(log.lines.filter((line) => line.includes('Cannot send traces'))).toHaveLength(1);
});

it('is disturbed by no collector that refuses, and none that never answers', async () => {
  const refusing = await startCollector(400);
  const silent = await startCollector(null);
  const [one, other] = await Promise.all([open(refusing.url), open(silent.url)]);

  one.step({ ...about, name: 'desired-to-committed', from: first, to: second });
  other.step({ ...about, name: 'desired-to-committed', from: first, to: second });
  await Promise.all([one.close(), other.close()]);

  expect(refusing.spans()).toHaveLength(1);
  expect(silent.spans()).toHaveLength(1);
});

function open(endpoint: string, log = memoryLog()) {
  return openTracing({ endpoint, version: '1.2.3', listener: 'listener-1', log });
}

/** Takes OTLP over HTTP as JSON; null: never answers. */
async function startCollector(status: number | null = 200) {
  const bodies: string[] = [];
  const paths: string[] = [];
  const server = createServer(async (request, response) => {
    paths.push(request.url ?? '');
    bodies.push(await text(request));
    if (status !== null) response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths: () => paths,
    bodies: () => bodies.join('\n'),
    spans: (): readonly Span[] => bodies.flatMap((body) => spansIn(JSON.parse(body))),
  };
}

function spansIn(body: { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }): readonly Span[] {
  return body.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
}

function attributesOf(span: Span | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]));
}
