/** The README's pages "Beside Argo CD" and "Beside Flux", followed word by word on the real cluster. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { eventually, makeRepository } from './harness/fixtures.ts';
import { blocksOf, openReader } from './support/reader.ts';
import { startPlane } from './support/site.ts';
import { patienceMs } from './support/site-calls.ts';

let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});

describe.each([
  ['argo-cd', 'Beside Argo CD'],
  ['flux', 'Beside Flux'],
] as const)('%s', (engine, heading) => {
  it(`is set up by the page "${heading}", and deploys`, async ({ onTestFinished }) => {
    const { url } = await makeRepository(engine);
    const { password } = inject('cluster').git;
    const tokens = { push: password, read: password };
    const reader = await openReader({ plane, example: engine, engine, repository: url, tokens });
    onTestFinished(reader.leave, 120_000);
    const blocks = await blocksOf('README.md', heading);
    expect(blocks).toHaveLength(4);
    const [setUp = '', beside = '', install = '', deploy = ''] = blocks;

    for (const block of [setUp, beside, install]) await reader.follow(block);
    await reader.startListener();
    const said = await reader.follow(deploy);

    const id = /"id":"([0-9a-f-]{36})"/.exec(said)?.[1] ?? '';
    await reader.reaches(id, 'DEPLOYED');
    await reader.remove(id);
    await eventually('the deployment to be gone', async () => (await reader.deployment(id)).status === 404, patienceMs);
  }, 400_000);
});
