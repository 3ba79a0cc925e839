import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { render } from './support/agent-server.ts';
import { renderCases } from './support/render-cases.ts';
import { renderInput } from './support/render-input.ts';

describe('what a deployment becomes', () => {
  it('is an API, a queue, a database and a Redis, all named in the kustomization', () => {
    const files = render(renderInput());

    expect([...files.keys()]).toEqual([
      'api.deployment.yaml',
      'api.service.yaml',
      'network.networkpolicy.yaml',
      'postgres.service.yaml',
      'postgres.statefulset.yaml',
      'queue.deployment.yaml',
      'redis.deployment.yaml',
      'redis.service.yaml',
      'serviceaccount.yaml',
      'kustomization.yaml',
    ]);
    const kustomization = load(files.get('kustomization.yaml') ?? '') as { resources: string[] };
    expect(kustomization.resources).toEqual([...files.keys()].filter((file) => file !== 'kustomization.yaml'));
  });

  it('gives the same bytes for the same input, in whatever order a store hands out keys', () => {
    for (const input of Object.values(renderCases)) {
      expect(render(reversed(input))).toEqual(render(input));
    }
  });

  it('changes only the workloads of API and queue with the image', () => {
    const before = render(renderInput());
    const after = render(renderInput({ image: 'ghcr.io/acme/research-agent:1.4.3' }));

    const changed = [...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);

    expect(changed).toEqual(['api.deployment.yaml', 'queue.deployment.yaml']);
  });
});

/** The same data with the keys of every object the other way round; the order of lists has a meaning and stays. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, reversed(entry)]);
  return Object.fromEntries(entries.reverse()) as T;
}
