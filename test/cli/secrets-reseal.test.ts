/** `towpath secrets reseal` as its users run it, after the controller's certificate was turned. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseProvenance } from '../../src/core/provenance.ts';
import { type OperatedWorld, operatedWorld } from '../support/operated-world.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { until } from '../support/until.ts';

let world: OperatedWorld;
afterEach(() => world.stop());

const reseal = (...words: readonly string[]) => world.run('secrets', 'reseal', ...words, '--namespace', 'team-a');
const turnCertificate = () => writeFile(join(dirname(world.config), 'certificate.pem'), sealingPair().certificate);

async function sealedWorld(): Promise<void> {
  world = await operatedWorld({
    secrets: { mode: 'sealed-secrets', keyFile: 'key', certificateFile: 'certificate.pem' },
  });
  await turnCertificate();
}

describe('sealed secrets', () => {
  it('are sealed anew in one push, one commit a deployment, and nothing else changes', async () => {
    await sealedWorld();
    const { repository, plane } = world;
    const running = await world.listen();
    const chat = plane.create('chat', { secrets: { OPENAI_API_KEY: 'sk-planted-value' } });
    const other = plane.create('other');
    for (const id of [chat, other]) await until('a commit', () => plane.lastReport(id)?.outcome === 'succeeded');
    const before = await repository.tree();
    await turnCertificate();

    const unasked = await reseal();
    const done = await reseal('--yes');
    running.wake();
    const after = await repository.tree();

    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(changed.every((path) => /\.sealedsecret\.yaml$|PROVENANCE$/.test(path))).toBe(true);
    expect(changed.filter((path) => path.endsWith('.sealedsecret.yaml'))).toHaveLength(3);
    expect(unasked.code).toBe(1);
    expect(unasked.stdout).toMatch(/changed deployments\/chat-[0-9a-f]{10}\/env-[0-9a-f]{10}\.sealedsecret\.yaml/);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(`${unasked.stdout}${done.stdout}`).not.toContain('sk-planted-value');
    const made = (await repository.log()).filter(({ author }) => author === 'Grace <grace@example.com>');
    expect(made.map(({ subject }) => subject.replace(/:.*/, '')).sort()).toEqual(['reseal(chat)', 'reseal(other)']);
    const folder = await world.folderOf('chat');
    const [was, is] = [before, after].map((tree) => parseProvenance(tree[`${folder}/PROVENANCE`] ?? ''));
    expect({ ...is, content: was?.content }).toEqual({
      ...was,
      change: 'reseal',
      operator: 'Grace <grace@example.com>',
      why: expect.stringContaining('sealed anew'),
    });
    // The listener goes on as if nothing were: the next revision is laid down on top.
    plane.update(chat, { image: 'registry.example/agents/chat:2.0.0' });
    await until('the next revision', () => plane.lastReport(chat)?.outcome === 'succeeded');
  });

  it('of a folder that a person edited are left alone and said, and the others sealed', async () => {
    await sealedWorld();
    const { repository } = world;
    const running = await world.listen();
    const chat = await world.deployed('chat');
    await world.deployed('other');
    await running.stop();
    await repository.seed({ [`${chat.folder}/extra.yaml`]: 'a: 1\n' });

    const named = await reseal('chat', '--yes');
    const all = await reseal('--yes', '--json');

    expect(named).toMatchObject({ code: 1, stdout: '' });
    expect(named.stderr).toContain('see towpath hold list');
    expect(JSON.parse(all.stdout).commits).toEqual([
      expect.objectContaining({ subject: expect.stringMatching(/^reseal\(other\)/) }),
    ]);
    expect(JSON.parse(all.stdout).skipped).toEqual([expect.objectContaining({ deployment: 'chat' })]);
    expect(all.code).toBe(1);
  });
});

describe('a mode that seals nothing in git', () => {
  it.each([
    [{ mode: 'cluster', keyFile: 'key' }, 'secrets.mode is cluster, and nothing is sealed in git'],
    [{ mode: 'external-secrets', keyFile: 'key', store: { name: 'vault' } }, 'turn the value in the store'],
  ])('%j says what to do instead', async (secrets, message) => {
    world = await operatedWorld({ secrets });

    const { code, stderr, stdout } = await reseal('--yes');

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });
});
