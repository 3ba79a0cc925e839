/** What each term of a leader begins with: the schemas that the one before has compiled. */
import { expect, it } from 'vitest';
import { readSchemas } from '../../../src/cli/wiring/renderer.ts';

it('keeps compiled schemas for as long as the process lives', () => {
  expect(readSchemas().knows({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBe(true);
  expect(readSchemas()).toBe(readSchemas());
});
