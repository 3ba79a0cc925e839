/** What is remembered of pull requests: enough for every decision, and never more with the years. */
import { expect, it } from 'vitest';
import { type Marker, readMarker, withMarker } from '../../src/core/pull-request/marker.ts';
import { DeploymentId, ListenerId, RevisionId } from '../../src/domain/identifiers.ts';
import type { PullRequest } from '../../src/domain/pull-request.ts';
import { emptyMemory } from '../../src/listener/context.ts';
import { noteClosed } from '../../src/listener/review/look.ts';

const uuid = '22222222-2222-4222-8222-222222222222';
const marker: Marker = {
  ...{ deploymentId: DeploymentId.parse(uuid), revisionId: RevisionId.parse(uuid), listenerId: ListenerId.parse(uuid) },
  ...{ change: 'deploy', inputsDigest: 'sha256:1', closed: null },
};

function closed(number: number): PullRequest {
  const at = new Date('2026-01-01T00:00:00Z');
  return {
    ...{ number, url: `https://forge.example/pulls/${number}`, head: 'towpath/chat-1', state: 'closed', draft: false },
    ...{ headCommit: '1'.repeat(40) as PullRequest['headCommit'], title: 'deploy(chat)', labels: [] },
    ...{ mergeability: 'unknown', mergeCommit: null, createdAt: at, updatedAt: at },
    body: withMarker('long '.repeat(10_000), marker),
  };
}

it('keeps the newest closed ones of a branch, and of their texts what decides', () => {
  const { review } = emptyMemory();

  for (let number = 1; number <= 500; number++) noteClosed(review, [closed(number)]);

  const kept = review.closed.get('towpath/chat-1') ?? [];
  expect(kept[0]?.number).toBe(500);
  expect(kept.map(({ body }) => readMarker(body))).toEqual(kept.map(() => marker));
  expect(JSON.stringify(kept).length).toBeLessThan(50_000);
});
