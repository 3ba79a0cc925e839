/** What keeps a pod from being ready, in the words of whoever knows, with something to try. */
import { describe, expect, it } from 'vitest';
import { explainPods, type PodTrouble } from '../../../src/core/explain-pods/explain-pods.ts';
import type { LiveObject } from '../../../src/domain/live-object.ts';
import { at, backOff, container, crashing, event, iso, notReady, pod, ready } from './live-objects.ts';

const withContainer = (status: unknown, change: Record<string, unknown> = {}): LiveObject =>
  pod('chat-5d9-x', { status: { phase: 'Running', containerStatuses: [status], ...change } });
const waiting = (reason: string, message = ''): LiveObject =>
  withContainer(container({ state: { waiting: { reason, message } } }), { phase: 'Pending' });

function explain(one: LiveObject, events: readonly LiveObject[] = []): PodTrouble {
  const [trouble] = explainPods([one], events);
  if (trouble === undefined) throw new Error('there is no trouble');
  return trouble;
}

describe('an image that cannot be pulled', () => {
  const cause = (words: string) =>
    explain(waiting('ErrImagePull', `failed to pull and unpack image "example.invalid/chat:2": ${words}`));

  it('names pod, container, image and cause', () => {
    const trouble = explain(withContainer(backOff, { phase: 'Pending' }));

    expect(trouble).toMatchObject({
      pod: 'chat-5d9-x',
      container: 'api-server',
      reason: 'ImagePullBackOff',
      isStuck: true,
    });
    expect(trouble.message).toBe(
      'Pod chat-5d9-x: container api-server cannot pull image example.invalid/chat:2: not found',
    );
    expect(trouble.advice).toContain('tag');
    expect(trouble.since).toEqual(new Date(iso(2)));
    expect(trouble.isPuzzling).toBe(false);
  });

  it('says the same while the kubelet goes to and fro between its two words', () => {
    const words =
      'rpc error: code = NotFound desc = failed to pull and unpack image "example.invalid/chat:2": not found';
    const event1 = event(
      pod(),
      'Failed',
      `Failed to pull image "example.invalid/chat:2": ${words}`,
      'spec.containers{api-server}',
    );
    const [pulling, backing] = [
      explain(waiting('ErrImagePull', words)),
      explain(waiting('ImagePullBackOff', 'Back-off pulling image "example.invalid/chat:2"'), [event1]),
    ];
    const newer = `Back-off pulling image "example.invalid/chat:2": ErrImagePull: ${words}`;

    expect(backing).toEqual(pulling);
    expect(explain(waiting('ImagePullBackOff', newer))).toEqual(pulling);
  });

  it('is puzzling as long as nobody has told the cause', () => {
    expect(explain(waiting('ImagePullBackOff', 'Back-off pulling image "example.invalid/chat:2"')).isPuzzling).toBe(
      true,
    );
  });

  it.each([
    ['pull access denied, repository does not exist or may require authorization', 'image pull secret'],
    [
      'unexpected status from HEAD request to https://example.invalid/v2/chat/manifests/2: 403 Forbidden',
      'image pull secret',
    ],
    ['429 Too Many Requests - toomanyrequests: rate limit', 'limits pulls'],
    ['dial tcp: lookup example.invalid: no such host', 'reach the registry'],
    ['tls: failed to verify certificate: x509: unknown authority', 'certificate'],
    ['no match for platform in manifest: not found', 'processor'],
    ['manifest unknown', 'tag'],
    ['something new', 'registry'],
  ])('%s: try %s', (words, advice) => {
    expect(cause(words).advice).toContain(advice);
    expect(cause(words).message).toContain(words);
  });

  it.each([
    ['InvalidImageName', 'Correct the name'],
    ['ErrImageNeverPull', 'imagePullPolicy'],
  ])('%s keeps its name', (reason, advice) => {
    expect(explain(waiting(reason, 'so it is'))).toMatchObject({ reason, isStuck: true });
    expect(explain(waiting(reason)).advice).toContain(advice);
  });

  it('never repeats credentials', () => {
    expect(cause('Get "https://bot:hunter22@example.invalid/v2/": denied').message).not.toContain('hunter22');
  });
});

describe('a container that crashes', () => {
  it('is told by exit code, last words and a coarse count', () => {
    const last = {
      terminated: { exitCode: 3, reason: 'Error', message: 'ModuleNotFoundError: agent\n', finishedAt: iso(21) },
    };
    const trouble = explain(withContainer(crashing(4, { lastState: last })));

    expect(trouble).toMatchObject({ reason: 'CrashLoopBackOff', isStuck: true, latest: new Date(iso(21)) });
    expect(trouble.message).toBe(
      'Pod chat-5d9-x: container api-server ended with exit code 3, 3 or more times; it said: ModuleNotFoundError: agent',
    );
    expect(trouble.advice).toContain('kubectl logs --previous');
  });

  it('is one situation while it is ended, waits and runs again, however often', () => {
    const { lastState } = crashing(3);
    const states = [
      crashing(3),
      crashing(7, { state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting' } } }),
      crashing(4, { state: { running: { startedAt: iso(30) } } }),
      crashing(5, { state: (lastState as object | undefined) ?? {}, lastState: {} }),
    ];
    const told = states.map((status) => explain(withContainer(status)));

    expect(new Set(told.map(({ message }) => message)).size).toBe(1);
    expect(new Set(told.map(({ reason, isStuck }) => `${reason} ${isStuck}`))).toEqual(
      new Set(['CrashLoopBackOff true']),
    );
  });

  it('is not stuck after one crash or two: its database may still be starting', () => {
    expect(explain(withContainer(crashing(1)))).toMatchObject({ reason: 'CrashLoopBackOff', isStuck: false });
    expect(explain(withContainer(crashing(2))).message).toContain('twice');
    const running = crashing(1, { state: { running: {} } });
    expect(explain(withContainer(running))).toMatchObject({ reason: 'ContainerExited', isStuck: false });
  });

  it('has run out of memory where the kernel says so', () => {
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: iso(21) } };
    const trouble = explain(withContainer(crashing(3, { lastState: killed })));

    expect(trouble).toMatchObject({ reason: 'OOMKilled', isStuck: true });
    expect(trouble.message).toContain('exit code 137 (OOMKilled)');
    expect(trouble.advice).toContain('memory limit');
  });

  it('was killed by its probe where the kubelet says so', () => {
    const told = event(pod(), 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500');

    expect(explain(withContainer(crashing(3)), [told]).message).toContain('the kubelet says: Liveness probe failed');
  });

  it('cannot even be started', () => {
    const end = {
      terminated: { exitCode: 128, reason: 'StartError', message: 'exec: "serve": executable file not found' },
    };

    expect(explain(withContainer(crashing(3, { lastState: end }))).advice).toContain('command');
  });
});

describe('a container that cannot be made', () => {
  it.each([
    ['secret "chat-env-0a1b2c3d4e" not found', 'Make the Secret'],
    ["couldn't find key API_KEY in Secret team-a/chat-env-0a1b2c3d4e", 'Make the Secret'],
    ['container has runAsNonRoot and image will run as root', 'security settings'],
  ])('%s: try %s', (words, advice) => {
    const trouble = explain(waiting('CreateContainerConfigError', words));

    expect(trouble).toMatchObject({ reason: 'CreateContainerConfigError', isStuck: true });
    expect(trouble.message).toContain(words);
    expect(trouble.advice).toContain(advice);
  });
});

describe('init containers', () => {
  const starting = container({ state: { waiting: { reason: 'PodInitializing' } } });
  const withInit = (init: readonly unknown[], spec: Record<string, unknown> = {}) =>
    pod('chat-5d9-x', { spec, status: { initContainerStatuses: init, containerStatuses: [starting] } });

  it('have the word until they have ended', () => {
    const trouble = explain(withInit([container({ ...crashing(3), name: 'migrate' })]));

    expect(trouble).toMatchObject({ container: 'migrate', reason: 'CrashLoopBackOff', isStuck: true });
    expect(trouble.message).toContain('init container migrate ended with exit code 1');
  });

  it('may take their time', () => {
    const trouble = explain(withInit([container({ name: 'migrate', state: { running: {} } })]));

    expect(trouble).toMatchObject({ container: 'migrate', reason: 'InitContainerRunning', isStuck: false });
  });

  it('are over when they ended well, or are sidecars that run', () => {
    const done = container({ name: 'migrate', ready: true, state: { terminated: { exitCode: 0 } } });
    const sidecar = container({ name: 'proxy', started: true, ready: true, state: { running: {} } });
    const spec = { initContainers: [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }] };

    expect(explain(withInit([done, sidecar], spec)).reason).toBe('ContainerCreating');
  });
});

describe('a pod that no node takes', () => {
  const unscheduled = (message: string, spec: Record<string, unknown> = {}) =>
    pod('chat-5d9-x', {
      spec,
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: iso(5) },
        ],
      },
    });

  it('says what the scheduler says, without what it tries next', () => {
    const trouble = explain(
      unscheduled('0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No victims.'),
    );

    expect(trouble).toMatchObject({ reason: 'Unschedulable', isStuck: false, since: new Date(iso(5)) });
    expect(trouble.message).toBe('Pod chat-5d9-x: no node takes it: 0/2 nodes are available: 2 Insufficient cpu');
    expect(trouble.advice).toContain('less cpu and memory');
  });

  it('names the claim that has no volume', () => {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data-chat-postgres-0' } }];
    const trouble = explain(
      unscheduled('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.', { volumes }),
    );

    expect(trouble.reason).toBe('VolumeClaimPending');
    expect(trouble.message).toContain('claim data-chat-postgres-0');
    expect(trouble.advice).toContain('StorageClass');
  });

  it('looks at taints where they are the reason', () => {
    expect(
      explain(unscheduled('0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.')).advice,
    ).toContain('tolerations');
  });
});

describe('a pod that its node cannot start', () => {
  const creating = pod('chat-5d9-x', {
    status: { containerStatuses: [container({ state: { waiting: { reason: 'ContainerCreating' } } })] },
  });

  it('is puzzling until its events are known', () => {
    expect(explain(creating)).toMatchObject({ reason: 'ContainerCreating', isStuck: false, isPuzzling: true });
  });

  it.each([
    ['FailedMount', 'MountVolume.SetUp failed for volume "keys" : secret "keys" not found', true],
    ['FailedAttachVolume', 'Multi-Attach error for volume "pvc-1"', false],
    ['FailedCreatePodSandBox', 'Failed to create pod sandbox: no IP addresses available', false],
  ])('%s', (reason, words, isStuck) => {
    const trouble = explain(creating, [event(creating, reason, words)]);

    expect(trouble).toMatchObject({ reason, isStuck, isPuzzling: false });
    expect(trouble.message).toContain(words);
  });
});

describe('a pod that runs and is not ready', () => {
  const running = withContainer(container({ state: { running: { startedAt: iso(4) } } }), { conditions: [notReady] });

  it('is puzzling without events', () => {
    expect(explain(running)).toMatchObject({
      reason: 'ContainersNotReady',
      isStuck: false,
      isPuzzling: true,
      since: new Date(iso(4)),
    });
  });

  it.each(['Readiness', 'Startup'])('fails its %s probe', (probe) => {
    const words = `${probe} probe failed: HTTP probe failed with statuscode: 503`;
    const trouble = explain(running, [event(running, 'Unhealthy', words)]);

    expect(trouble).toMatchObject({ reason: `${probe}ProbeFailing`, isStuck: false });
    expect(trouble.message).toContain(words);
  });

  it('is not explained by another pod’s events, nor by another container’s', () => {
    const words = 'Readiness probe failed';
    const others = [
      event(pod('other'), 'Unhealthy', words),
      event(running, 'Unhealthy', words, 'spec.containers{proxy}'),
    ];

    expect(explain(running, others).reason).toBe('ContainersNotReady');
  });
});

describe('which pods are in trouble', () => {
  it('leaves out those that are ready, ending, or at their end', () => {
    const pods = [
      withContainer(container({ ready: true }), { conditions: [ready()] }),
      pod('ending', { metadata: { deletionTimestamp: iso(9) }, status: { containerStatuses: [backOff] } }),
      pod('done', { status: { phase: 'Succeeded' } }),
    ];

    expect(explainPods(pods, [])).toEqual([]);
  });

  it('names an evicted pod', () => {
    const evicted = pod('chat-5d9-x', {
      status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
    });

    expect(explain(evicted)).toMatchObject({
      reason: 'Evicted',
      message: 'Pod chat-5d9-x: was evicted: The node was low on resource: memory',
      isStuck: false,
    });
  });

  it('puts what is stuck first, whatever order the pods come in', () => {
    const [young, stuck] = [pod('a'), pod('b', { status: { containerStatuses: [backOff] } })];

    expect(explainPods([young, stuck], []).map((one) => one.pod)).toEqual(['b', 'a']);
    expect(explainPods([young, stuck], [])).toEqual(explainPods([stuck, young], []));
  });

  it('understands objects that say nothing at all', () => {
    const bare = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'bare', uid: 'u', creationTimestamp: at(0).toISOString() },
    };

    expect(explain(bare).since).toEqual(at(0));
  });
});
