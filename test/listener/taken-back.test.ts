/** A new revision is rendered over what people changed in git: whoever reads of it must be told whose lines go back. */
import { afterEach, describe, expect, it } from 'vitest';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { MergeMethod } from '../../src/domain/pull-request.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { listHolds } from '../../src/listener/operate/holds.ts';
import { lookAround } from '../../src/listener/operate/operate.ts';
import { previewPass } from '../../src/listener/preview.ts';
import { configurationFor, listen, teamA } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { operationOf } from '../support/operation.ts';
import { plainRenderer } from '../support/plain-renderer.ts';
import { begin, lookAgain, onlyOpen, reported } from '../support/review-steps.ts';
import { reviewWorld } from '../support/review-world.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const limits = (memory: string): string => `cpu: 1\nmemory: ${memory}\nvalue: hidden-${memory}\n`;

/** Templates of somebody's own, with one file more. */
function renderer(memory = '1Gi'): Renderer {
  const plain = plainRenderer();
  return {
    ...plain,
    render: (input, sensitive) => {
      const made = plain.render(input, sensitive);
      const files = made.kind === 'refused' ? new Map() : new Map([...made.files, ['limits.yaml', limits(memory)]]);
      return made.kind === 'refused' ? made : { ...made, files };
    },
  };
}

function folderOf(remote: MemoryRemote, branch?: string): string {
  const commit = branch === undefined ? remote.head : (remote.branches.get(branch) ?? null);
  const path = [...remote.files(commit).keys()].find((each) => each.endsWith('/PROVENANCE')) ?? '';
  return path.replace('/PROVENANCE', '');
}

const lowered = (folder: string) =>
  [{ kind: 'write', path: repoPath(`${folder}/limits.yaml`), content: limits('512Mi') }] as const;
const image = 'registry.example/agents/chat:2.0.0';
const line = 'limits.yaml, line 2: "memory: 512Mi" becomes "memory: 1Gi"';

describe('under review', () => {
  /** A person lowers the memory on the branch of the second pull request, and merges it; then a third revision comes. */
  async function mergedWithEdit(method: MergeMethod) {
    const { world, plane, running } = await begin(stops, reviewWorld(), { renderer: renderer() });
    const id = plane.create('chat');
    await reported(plane, id, 'InReview');
    world.forge.people.merge(onlyOpen(world).number, 'merge');
    running.wake();
    await reported(plane, id, 'Pushed');
    const second = plane.update(id, { image: 'registry.example/agents/chat:1.5.0' });
    const open = await until('the second pull request', () =>
      world.open().find(({ title }) => title.includes('1.5.0')),
    );
    const edit = world.remote.commitOn(open.head, 'Lower the memory', lowered(folderOf(world.remote, open.head)));
    running.wake();
    await reported(plane, id, 'EditedInReview');
    const merged = world.forge.people.merge(open.number, method);
    // As forges offer it after a merge; while it is there, it holds a person's commit that the base lacks.
    world.remote.branches.delete(open.head);
    running.wake();
    await until('the merge to be told', () => {
      const last = plane.lastReport(id);
      return last?.revisionId === second && last.reason === 'Pushed';
    });
    plane.update(id, { image });
    const third = await until('the third pull request', () =>
      world.open().find(({ title }) => title.includes('2.0.0')),
    );
    await lookAgain({ world, running });
    return { edit, merged, third };
  }

  it.each<MergeMethod>(['merge', 'rebase'])('names person, commit and lines that go back: %s', async (method) => {
    const { edit, merged, third } = await mergedWithEdit(method);
    const commit = (method === 'merge' ? edit : merged).slice(0, 12);

    expect(third.labels).toContain('overwrites');
    expect(third.body).not.toContain('None that Towpath knows of');
    const [risk = ''] = /- Takes back what was changed in git by Jane .*/.exec(third.body) ?? [];
    expect(risk).toContain(commit);
    expect(unescaped(risk)).toContain(line);
    expect(unescaped(risk)).toContain(
      'limits.yaml, line 3: a value that is not shown becomes a value that is not shown',
    );
    expect(third.body).not.toContain('hidden-');
  });

  it('names them by the squash that holds both', async () => {
    const { merged, third } = await mergedWithEdit('squash');

    expect(third.labels).toContain('overwrites');
    const [risk = ''] = /- Takes back what was changed in git by .*/.exec(third.body) ?? [];
    expect(risk).toContain(merged.slice(0, 12));
    expect(unescaped(risk)).toContain(line);
    expect(risk).not.toContain('1.5.0" becomes');
  });
});

/** As a reader sees it. */
function unescaped(markdown: string): string {
  return markdown.replace(/<\/?code>/g, '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

describe('in direct mode', () => {
  /** Laid down, and edited by a person right on the branch. */
  async function edited(memory?: string) {
    const plane = await startScriptedControlPlane();
    stops.push(plane.stop);
    const remote = memoryRemote();
    const running = listen({ plane, repository: memoryRepository(remote), renderer: renderer() });
    const id = plane.create('chat');
    await until('success', () => plane.lastReport(id)?.outcome === 'succeeded');
    await running.stop();
    const commit = remote.commit('Lower the memory', lowered(folderOf(remote)));
    const next = { plane, repository: memoryRepository(remote), renderer: renderer(memory) };
    return { plane, remote, id, commit, next };
  }

  const operate = ({ plane, repository, renderer: own }: Awaited<ReturnType<typeof edited>>['next']) =>
    operationOf({ plane, repository, parts: { renderer: own } });

  const laidDownAgain = async ({ plane, remote, id, next }: Awaited<ReturnType<typeof edited>>): Promise<string> => {
    const revision = plane.update(id, { image });
    await untilPushed(plane, id, revision, listen(next));
    return remote.log()[0]?.message ?? '';
  };

  it('the body of the commit names person, commit and lines', async () => {
    const world = await edited();

    const message = await laidDownAgain(world);

    const who = `Jane <jane@example.com> in ${world.commit.slice(0, 12)} ("Lower the memory")`;
    expect(message).toContain(`\nTakes back what was changed in git by ${who}:\n  ${line}\n`);
    expect(message).not.toContain('hidden-');
  });

  it('says nothing where the new revision has it as well', async () => {
    const world = await edited('512Mi');

    expect(await laidDownAgain(world)).not.toContain('Takes back');
  });

  it('the plan says it before, and the list of holds which lines wait', async () => {
    const world = await edited();
    const { plane, next, id, commit } = world;
    const [held] = await listHolds(await lookAround(operate(next)));
    plane.update(id, { image });
    const ports = operate(next).ports;

    const [preview] = await previewPass(ports, configurationFor({ plane }), '0.1.0');

    expect(held).toMatchObject({ kind: 'edited', lines: expect.arrayContaining([line]) });
    expect(preview?.steps[0]?.takesBack[0]).toContain(commit.slice(0, 12));
    expect(preview?.steps[0]?.takesBack).toContain(line);
    expect(preview?.namespace).toBe(teamA);
  });
});

async function untilPushed(
  plane: ScriptedControlPlane,
  id: DeploymentId,
  revision: string,
  running: { stop(): Promise<unknown> },
): Promise<void> {
  await until('the new revision', () => {
    const last = plane.lastReport(id);
    return last?.revisionId === revision && last.outcome === 'succeeded';
  });
  await running.stop();
}
