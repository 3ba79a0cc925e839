/** A real Agent Server takes the environment that we render, and answers where our probes and routes look for it. */
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { render } from '../core/support/agent-server.ts';
import { type InputChanges, renderInput } from '../core/support/render-input.ts';
import { type AgentServer, type Container, environmentOf, serverContainer, startAgentServer } from './agent-server.ts';

const atPath = {
  route: {
    kind: 'gateway',
    host: 'agents.example.com',
    parent: { name: 'public' },
    closedPaths: ['/metrics', '/docs'],
  },
};
const atHost = { route: { kind: 'istio', hostSuffix: 'agents.example.com', gateway: 'istio-system/public' } };
const secrets = { POSTGRES_PASSWORD: 'a-password', OPENAI_API_KEY: 'a-key' };

let server: AgentServer | null = null;

afterEach(async () => {
  await server?.end();
  server = null;
});

function rendered(changes: InputChanges = {}): ReadonlyMap<string, string> {
  return render(
    renderInput({
      ...changes,
      secretNames: ['OPENAI_API_KEY'],
      agentServer: { auth: { kind: 'none' }, ...changes.agentServer },
    }),
  );
}

const start = (entry: 'api' | 'queue', container: Container): Promise<AgentServer> =>
  startAgentServer(entry, environmentOf(container, secrets));

const get = (path: string): Promise<Response> => fetch(`${server?.url}${path}`);

/** What the kubelet asks. */
async function probe({ startupProbe, readinessProbe, livenessProbe }: Container): Promise<number[]> {
  const paths = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
  return Promise.all(paths.map(async (path) => (await get(path)).status));
}

describe.each([
  ['without a route', {}],
  ['with a path of a host', atPath],
  ['with a host of its own', atHost],
])('%s', (_, namespace) => {
  it('the API is well by its probes, and ends when it is told to', async () => {
    const container = serverContainer(rendered({ namespace }).get('api.deployment.yaml'));
    server = await start('api', container);

    expect(await probe(container)).toEqual([200, 200, 200]);
    expect(await server.end()).toBe('SIGTERM');
    expect(server.logged()).toContain('Application shutdown complete.');
  });

  it('the queue is well by its probes, and ends when it is told to', async () => {
    const container = serverContainer(rendered({ namespace }).get('queue.deployment.yaml'));
    server = await start('queue', container);

    expect(await probe(container)).toEqual([200, 200, 200]);
    expect(await server.end()).toBe(0);
  });
});

it('answers at the URL that is reported, and says it of itself', async () => {
  const files = rendered({ namespace: atPath });
  server = await start('api', serverContainer(files.get('api.deployment.yaml')));
  const { hostnames, rules } = parse(files.get('route.httproute.yaml') ?? '').spec;
  const prefix: string = rules[0].matches[0].path.value;

  const description = (await (await get(`${prefix}/openapi.json`)).json()) as { servers: unknown };

  expect(description.servers).toEqual([{ url: `https://${hostnames[0]}${prefix}` }]);
  expect((await get(`${prefix}/ok`)).status).toBe(200);
  expect((await get('/another-agent/ok')).status).toBe(404);
});

it('asks no key for /metrics and /docs, so a route may close them by a path that the server does not know', async () => {
  const files = rendered({ namespace: atPath });
  server = await start('api', serverContainer(files.get('api.deployment.yaml')));
  const { rules } = parse(files.get('route.httproute.yaml') ?? '').spec;
  const closed = rules.filter((rule: { filters?: unknown }) => rule.filters !== undefined);

  expect(closed).toHaveLength(2);
  for (const { matches, filters } of closed) {
    expect((await get(matches[0].path.value)).status).toBe(200);
    expect((await get(filters[0].urlRewrite.path.replaceFullPath)).status).toBe(404);
  }
});

it('works on runs where there is no queue, and not where there is one', async () => {
  const container = serverContainer(rendered({ agentServer: { queue: false } }).get('api.deployment.yaml'));
  server = await start('api', container);
  const body = JSON.stringify({ assistant_id: 'agent', input: { text: 'asked' } });

  const answer = await fetch(`${server.url}/runs/wait`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });

  expect(await answer.json()).toEqual({ text: 'answered' });
  const withQueue = serverContainer(rendered().get('api.deployment.yaml'));
  expect(environmentOf(withQueue, secrets)['N_JOBS_PER_WORKER']).toBe('0');
});

it('logs JSON unless it is told otherwise', async () => {
  server = await start('queue', serverContainer(rendered().get('queue.deployment.yaml')));
  expect(eventsIn(server.logged())).toContain('In-Memory runtime');
  await server.end();

  const environment = { LOG_JSON: 'false' };
  server = await start(
    'queue',
    serverContainer(rendered({ agentServer: { environment } }).get('queue.deployment.yaml')),
  );
  expect(eventsIn(server.logged())).toBe('');
  expect(server.logged()).toContain('In-Memory runtime');
});

/** What the lines say that are JSON. */
function eventsIn(log: string): string {
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => (JSON.parse(line) as { event: string }).event).join('\n');
}
