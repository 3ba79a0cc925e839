/** The ways in of `examples/routes` are valid, and say what lets a run take its time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { Configuration } from '../../src/domain/configuration.ts';
import { problemsOf, render } from '../core/support/agent-server.ts';
import { renderInput } from '../core/support/render-input.ts';

const example = join(import.meta.dirname, '../../examples/routes');

it.each([
  ['gateway', 'route.httproute.yaml', 'request: "0s"'],
  ['nginx', 'route.ingress.yaml', 'nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"'],
  ['alb', 'route.ingress.yaml', 'idle_timeout.timeout_seconds=3600'],
])('%s lets a run take its time', async (folder, file, words) => {
  const given = parse(await readFile(join(example, folder, 'towpath.yaml'), 'utf8'));
  const { success, error } = Configuration.safeParse(given);
  expect(success, error?.message).toBe(true);
  const input = renderInput({ namespace: given.namespaces['team-a'], agentServer: given.agentServer });

  const files = render(input);

  expect(files.get(file)).toContain(words);
  expect(problemsOf(input)).toEqual([]);
});

it('closes what the server answers without a key, where a route can', async () => {
  const given = parse(await readFile(join(example, 'gateway/towpath.yaml'), 'utf8'));
  const input = renderInput({ namespace: given.namespaces['team-a'], agentServer: given.agentServer });

  const { spec } = parse(render(input).get('route.httproute.yaml') ?? '');

  const closed = spec.rules.filter((rule: { filters?: unknown }) => rule.filters !== undefined);
  expect(closed.map((rule: { matches: [{ path: { value: string } }] }) => rule.matches[0].path.value)).toEqual([
    `/${input.resourceName}/metrics`,
    `/${input.resourceName}/docs`,
  ]);
});
