/** What each term of a leader begins with: the schemas that the one before has compiled. */
import { expect, it } from 'vitest';
import { readSchemas } from '../../../src/cli/wiring/renderer.ts';

it('keeps compiled schemas for as long as the process lives', () => {
  const first = readSchemas();

  expect(
    first.check({ apiVersion: 'apps/v1', kind: 'Deployment' }, { apiVersion: 'apps/v1', kind: 'Deployment' }, '1.30'),
  ).not.toEqual([]);
  expect(readSchemas()).toBe(first);
});
