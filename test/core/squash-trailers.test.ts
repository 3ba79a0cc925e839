/** The trailers of a pull request's text: what an auditor looks for, and nothing that a forge would take for Markdown. */
import { expect, it } from 'vitest';
import { closedBody, type Marker, readMarker, withMarker } from '../../src/core/pull-request/marker.ts';
import { squashTrailers } from '../../src/core/pull-request/squash-trailers.ts';
import type { DeploymentId, ListenerId, RevisionId } from '../../src/domain/identifiers.ts';

const id = '0b6c2f6e-6b0e-4b8e-9a53-5f0f3d1b2c3d';
const marker: Marker = {
  deploymentId: id as DeploymentId,
  revisionId: id as RevisionId,
  change: 'deploy',
  inputsDigest: 'sha256:0',
  listenerId: id as ListenerId,
  closed: null,
};
const trailers = `Change: deploy\nDeployment-Id: ${id}`;

it.each([
  ['Ada Lovelace <ada@example.com>', 'Ada Lovelace <ada@example.com>'],
  [
    'Ada <a_b+c@example.com> (self-declared by API key 1, which "CI" made with API key 2)',
    'Ada <a_b+c@example.com> (self-declared)',
  ],
  [
    'Ada <ada@example.com> (not verified: the control plane does not say who it is)',
    'Ada <ada@example.com> (not verified)',
  ],
  ['@octocat <ada@example.com>', null],
  ['![x](http://evil.example) <ada@example.com>', null],
  ['fixes #12 <ada@example.com>', null],
  ['Ada <ada@example.com|x>', null],
  ['no address', null],
])('of %s', (person, shown) => {
  const said = squashTrailers(`Change: deploy\nImage: a/b:1\nRequested-By: ${person}`);

  expect(said).toBe(`Change: deploy${shown === null ? '' : `\nRequested-By: ${shown}`}`);
});

it('stay the last lines of a body, however often its hidden line is written', () => {
  const once = withMarker('hello\n', marker, trailers);
  const twice = withMarker(once.replaceAll('\n', '\r\n'), { ...marker, revisionId: `1${id.slice(1)}` as RevisionId });
  const closed = closedBody(once, 'superseded');

  for (const body of [once, twice, closed]) {
    expect(body.endsWith(` -->\n\n${trailers}\n`)).toBe(true);
    expect(body.split('Deployment-Id')).toHaveLength(2);
    expect(readMarker(body)).not.toBeNull();
  }
  expect(readMarker(closed)?.closed).toBe('superseded');
});
