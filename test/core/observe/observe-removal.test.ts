/** A removed deployment is gone when nothing of it is left but the claims that keep its data. */
import { describe, expect, it } from 'vitest';
import { observeRemoval, oursToDelete, type RemovalVerdict } from '../../../src/core/observe/removal.ts';
import type { EngineObjects, ObjectReference } from '../../../src/domain/live-object.ts';
import { application, condition, fluxCondition, iso, kustomization } from './live-objects.ts';

const there = (resource: string, name = 'chat', isDeleting = false): ObjectReference => ({
  resource,
  name,
  isDeleting,
});
const claim = there('persistentvolumeclaims', 'data-chat-postgres-0');
const secret = there('secrets', 'chat-env-0a1b2c3d4e');
const argoCd = (one: ReturnType<typeof application> | null): EngineObjects => ({ kind: 'argo-cd', application: one });
const see = (
  remaining: readonly ObjectReference[],
  engine: EngineObjects = argoCd(null),
  data: 'retain' | 'delete' = 'retain',
) => observeRemoval({ remaining, engine, data });
const word = ({ outcome, reason }: RemovalVerdict): string => `${outcome} ${reason}`;

describe('gone', () => {
  it('is what nothing is left of', () => {
    expect(see([])).toEqual({
      outcome: 'succeeded',
      reason: 'Removed',
      message: 'Nothing is left',
      retained: [],
      ours: [],
    });
  });

  it('is what only retained claims are left of, and those are named', () => {
    const verdict = see([claim]);

    expect(word(verdict)).toBe('succeeded Removed');
    expect(verdict.retained).toEqual(['data-chat-postgres-0']);
    expect(verdict.message).toContain('data-chat-postgres-0');
  });

  it.each<[string, readonly ObjectReference[], EngineObjects]>([
    ['a Service', [there('services')], argoCd(null)],
    ['a pod that is ending', [there('pods', 'chat-5d9-x', true)], argoCd(null)],
    ['the Application', [], argoCd(application())],
    ['the Kustomization', [], { kind: 'flux', kustomization: kustomization(), gitRepository: null }],
    ['a claim that is being deleted', [{ ...claim, isDeleting: true }], argoCd(null)],
    ['a Secret that is being deleted', [{ ...secret, isDeleting: true }], argoCd(null)],
  ])('is not what %s is left of', (_, remaining, engine) => {
    expect(see(remaining, engine).outcome).toBe('progressing');
  });

  it('is not what a claim is left of that should go too', () => {
    const verdict = see([claim], argoCd(null), 'delete');

    expect(word(verdict)).toBe('progressing AwaitingPrune');
    expect(verdict.retained).toEqual([]);
    expect(verdict.message).toContain('persistentvolumeclaims/data-chat-postgres-0');
  });
});

describe('the Secrets that the listener made', () => {
  it('are named once nothing else needs them', () => {
    expect(see([secret, claim])).toMatchObject({
      outcome: 'progressing',
      reason: 'DeletingSecrets',
      ours: ['chat-env-0a1b2c3d4e'],
    });
  });

  it('are left alone while a pod is ending', () => {
    expect(see([secret, there('pods', 'chat-5d9-x', true)]).ours).toEqual([]);
  });

  it('are told from all that came by git', () => {
    expect(oursToDelete([secret, claim, there('services'), { ...secret, name: 'gone', isDeleting: true }])).toEqual([
      'chat-env-0a1b2c3d4e',
    ]);
  });
});

describe('what is said meanwhile', () => {
  it('names what waits for the engine, and what a finalizer holds', () => {
    const { reason, message } = see([there('services'), there('ingresses.networking.k8s.io', 'chat', true)]);

    expect(reason).toBe('AwaitingPrune');
    expect(message).toContain('Waiting for the engine to remove services/chat.');
    expect(message).toContain('Being deleted: ingresses.networking.k8s.io/chat; what stays so is held by a finalizer');
  });

  it('speaks of Terminating where everything is on its way out', () => {
    expect(see([there('pods', 'chat-5d9-x', true)]).reason).toBe('Terminating');
  });

  it('leaves out what follows its owner', () => {
    const { message } = see([
      there('deployments.apps'),
      there('replicasets.apps', 'chat-5d9'),
      there('pods', 'chat-5d9-x'),
    ]);

    expect(message).toBe('Waiting for the engine to remove deployments.apps/chat.');
  });

  it('names ten objects at most, always in one order', () => {
    const many = Array.from({ length: 12 }, (_, index) => there('services', `s${String(index).padStart(2, '0')}`));

    expect(see(many).message).toContain('services/s09, and 2 more');
    expect(see([...many].reverse()).message).toBe(see(many).message);
  });

  it.each<[string, EngineObjects, string]>([
    ['waits for the engine', argoCd(application()), 'the engine has not taken up the removal yet'],
    [
      'sees what its finalizer holds',
      argoCd(
        application({
          metadata: { deletionTimestamp: iso(1), finalizers: ['resources-finalizer.argocd.argoproj.io'] },
        }),
      ),
      'held by resources-finalizer.argocd.argoproj.io',
    ],
    [
      'repeats why it cannot be deleted',
      argoCd(application({ status: condition('DeletionError', 'services "chat" is forbidden') })),
      'services "chat" is forbidden',
    ],
    [
      'sees a suspended Kustomization',
      { kind: 'flux', kustomization: kustomization({}, { suspend: true }), gitRepository: null },
      'is suspended',
    ],
    [
      'repeats why it cannot prune',
      {
        kind: 'flux',
        kustomization: kustomization({ conditions: [fluxCondition('Ready', 'False', 'PruneFailed', 'delete failed')] }),
        gitRepository: null,
      },
      'delete failed',
    ],
  ])('%s', (_, engine, words) => {
    expect(see([], engine).message).toContain(words);
  });
});
