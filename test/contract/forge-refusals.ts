/** What every Forge must make of refusals and broken answers: one class each, nothing half, and no end for ever. */
import { expect, it } from 'vitest';
import { heads, prefix, request } from './forge-requests.ts';
import type { ForgeCapabilities, ForgeFault, ForgeWorld } from './forge-world.ts';

const classes: readonly (readonly [ForgeFault, string, string])[] = [
  ['unauthorized', 'terminal', 'ForgeUnauthorized'],
  ['forbidden', 'terminal', 'ForgeForbidden'],
  ['missing', 'terminal', 'ForgeMissing'],
  ['rate limit', 'waiting', 'ForgeRateLimited'],
  ['unavailable', 'transient', 'ForgeUnreachable'],
  ['page', 'transient', 'ForgeUnreachable'],
  ['half an answer', 'transient', 'ForgeUnreachable'],
  ['no answer', 'transient', 'ForgeUnreachable'],
  ['lost answer', 'transient', 'ForgeUnreachable'],
];

export function forgeRefusalsContract(open: () => ForgeWorld, { tellsProtection }: ForgeCapabilities): void {
  it('classes each fault, and goes on once it is over', async () => {
    const { forge, branch, fault } = open();
    await branch('towpath/a');
    await forge.create(request('towpath/a'));

    for (const [name, kind, reason] of classes) {
      fault(name);
      await expect(forge.open(prefix), name).rejects.toMatchObject({
        kind,
        reason,
        message: expect.stringMatching(/^Cannot .* at .*: ./),
        ...(name === 'rate limit' ? { retryAfterMs: 30_000 } : {}),
      });
      expect(heads(await forge.open(prefix))).toEqual(['towpath/a']);
    }
  });

  it('gives no half list when a token ends or the connection breaks between two pages', async () => {
    const { forge, branch, fault } = open();
    const names = ['towpath/a', 'towpath/b', 'towpath/c'];
    for (const name of names) {
      await branch(name);
      await forge.create(request(name));
    }

    fault('unauthorized', 1);
    await expect(forge.open(prefix)).rejects.toMatchObject({ reason: 'ForgeUnauthorized' });
    fault('half an answer', 1);
    await expect(forge.open(prefix)).rejects.toMatchObject({ reason: 'ForgeUnreachable' });

    expect(heads(await forge.open(prefix))).toEqual(names);
  });

  it('tells what the repository is and what may be done there', async () => {
    const { forge } = open();

    const repository = await forge.repository();

    expect(repository).toMatchObject({ defaultBranch: 'main', archived: false, mayPush: true });
    expect(repository.mergeMethods).toContain('merge');
  });

  it('sees that the base is protected', async () => {
    const { forge, protect } = open();
    const before = (await forge.repository()).protected;

    await protect();

    expect([before, (await forge.repository()).protected]).toEqual(tellsProtection ? [false, true] : [null, null]);
  });

  it('opens nothing in an archived repository, and says so', async () => {
    const { forge, branch, archive } = open();
    await branch('towpath/a');
    await branch('towpath/b');
    await forge.create(request('towpath/a'));
    await archive();

    await expect(forge.create(request('towpath/b'))).rejects.toMatchObject({ reason: 'ForgeArchived' });

    expect((await forge.repository()).archived).toBe(true);
    expect(heads(await forge.open(prefix))).toEqual(['towpath/a']);
  });
}
