/** Commits, their trailers and PROVENANCE: read back as written, and closed to whatever comes from outside. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blobId } from '../../src/core/blob-id.ts';
import { type DeployCommit, deployDraft, removeDraft } from '../../src/core/commit.ts';
import { decideRemovals } from '../../src/core/deletion-limit.ts';
import { makeFolder } from '../../src/core/folder.ts';
import { plainIdentity, plainLine } from '../../src/core/plain-line.ts';
import { contentDigest, type Provenance, parseProvenance, writeProvenance } from '../../src/core/provenance.ts';
import { databasePassword, environmentSecretName, parseSecretKey } from '../../src/core/secrets/secret-names.ts';
import type {
  DeploymentId,
  DeploymentName,
  ListenerId,
  NamespaceName,
  RevisionId,
  WorkspaceId,
} from '../../src/domain/identifiers.ts';
import type { ResourceName } from '../../src/domain/resource-name.ts';

const uuid = (digit: string): string =>
  `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
const provenance: Provenance = {
  change: 'deploy',
  deploymentId: uuid('1') as DeploymentId,
  revisionId: uuid('2') as RevisionId,
  revisionNumber: 5,
  rollbackTo: null,
  rollbackToNumber: null,
  workspaceId: uuid('3') as WorkspaceId,
  listenerId: uuid('4') as ListenerId,
  template: `agent-server@sha256:${'a'.repeat(64)}`,
  inputsDigest: `sha256:${'b'.repeat(64)}`,
  image: 'registry.example/agents/chat:1.0.0@sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b',
  secretsVersion: 'v1',
  secretName: 'chat-env-0123456789',
  keyId: '0123456789ab',
  towpathVersion: '0.1.0',
  requestedBy: 'Ada <ada@example.com>',
  requestedAt: '2026-01-01T00:00:00.000Z',
  operator: null,
  why: null,
  content: `sha256:${'c'.repeat(64)}`,
};
const { content: _content, ...trailers } = provenance;
const ada = { name: 'Ada', email: 'ada@example.com', proof: 'admin', key: null } as const;
const commit: DeployCommit = {
  name: 'chat' as DeploymentName,
  namespace: 'team-a' as NamespaceName,
  path: 'deployments/chat-0123456789',
  folder: null,
  files: new Map([
    ['api.yaml', 'a: 1\n'],
    ['kustomization.yaml', 'resources: []\n'],
  ]),
  trailers,
  requester: ada,
  requestedAt: new Date('2026-01-01T00:00:00Z'),
  committer: { name: 'Towpath', email: 'towpath@example.com' },
  now: new Date('2026-01-02T00:00:00Z'),
  why: null,
  outside: new Map(),
};

describe('PROVENANCE', () => {
  it('comes back as it was written, whatever kind of change it tells of', () => {
    for (const change of ['deploy', 'restore', 'rerender'] as const) {
      expect(parseProvenance(writeProvenance({ ...provenance, change }))).toEqual({ ...provenance, change });
    }
    const bare = { ...provenance, secretsVersion: null, secretName: null, keyId: null };
    expect(parseProvenance(writeProvenance(bare))).toEqual(bare);
  });

  it('is read as before where an older version wrote it, without who asked and when', () => {
    const told = /^(?:Revision-Number|Rollback-To|Rollback-To-Number|Requested-By|Requested-At|Operator|Why): .*\n/gm;
    const old = writeProvenance(provenance).replace(told, '');
    const untold = { revisionNumber: null, requestedBy: null, requestedAt: null };

    expect(old).not.toContain('Ada');
    expect(parseProvenance(old)).toEqual({ ...provenance, ...untold });
  });

  it('is believed whatever a person made of the keys that are for people only', () => {
    const text = writeProvenance(provenance)
      .replace('Revision-Number: 5', 'Revision-Number: five')
      .replace('Requested-By: Ada', `Requested-By: ${'A'.repeat(1200)}`)
      .replace('Towpath-Version', 'Rollback-To: yesterday\nTowpath-Version');

    expect(parseProvenance(text)).toEqual({ ...provenance, revisionNumber: null, requestedBy: null });
  });

  it('says of a rollback what a version that knows none can read', () => {
    const back = {
      ...provenance,
      change: 'rollback',
      rollbackTo: uuid('9') as RevisionId,
      rollbackToNumber: 1,
    } as const;
    const text = writeProvenance(back);

    expect(text).toContain(`Change: deploy\n`);
    expect(text).toContain(`Rollback-To: ${uuid('9')}\nRollback-To-Number: 1\n`);
    expect(parseProvenance(text)).toEqual({ ...back, change: 'deploy' });
  });

  it('keeps a reason on its line', () => {
    const text = writeProvenance({ ...provenance, change: 'restore', why: 'a\nChange: remove' });

    expect(text).toContain('\nWhy: a Change: remove\n');
    expect(parseProvenance(text)?.why).toBe('a Change: remove');
  });

  it('passes over keys that a later version adds', () => {
    expect(parseProvenance(`${writeProvenance(provenance)}Engine: argo-cd\n`)).toEqual(provenance);
  });

  it.each<[string, (text: string) => string]>([
    ['line ends of Windows', (text) => text.replaceAll('\n', '\r\n')],
    ['line ends of old', (text) => text.replaceAll('\n', '\r')],
    ['a byte-order mark', (text) => `\uFEFF${text}`],
    ['trailing blanks', (text) => text.replaceAll('\n', ' \t\n')],
    ['empty lines', (text) => `\n${text.replaceAll('\n', '\n \n')}\n`],
    ['no last line end', (text) => text.trimEnd()],
  ])('is read with %s, as editors leave it', (_name, change) => {
    expect(parseProvenance(change(writeProvenance(provenance)))).toEqual(provenance);
  });

  it.each([
    ['nothing', ''],
    ['a line without a key', `${writeProvenance(provenance)}oops\n`],
    ['a key twice', `${writeProvenance(provenance)}Change: deploy\n`],
    ['another kind of change', writeProvenance(provenance).replace('Change: deploy', 'Change: destroy')],
    ['a revision under the wrong key', writeProvenance(provenance).replace('Revision-Id', 'Of-Revision')],
    ['an id that is none', writeProvenance(provenance).replace(provenance.deploymentId, '../..')],
    ['no digest', writeProvenance(provenance).replace(/Content: .*\n/, '')],
  ])('is not believed with %s', (_name, text) => {
    expect(parseProvenance(text)).toBeNull();
  });

  it('never throws, whatever a person wrote there', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseProvenance(text)));
  });

  it('refuses to write a value that would be a second line', () => {
    expect(() => writeProvenance({ ...provenance, secretsVersion: 'v1\nChange: remove' })).toThrow(RangeError);
  });
});

describe('a commit', () => {
  it('says what, who, why and from what', () => {
    const draft = deployDraft(commit);

    expect(draft.message).toBe(`deploy(chat): revision 5 (22222222), chat:1.0.0@6b86b273ff34

Deployment chat in namespace team-a.
Revision 5 (22222222) was asked for by Ada <ada@example.com> at 2026-01-01T00:00:00.000Z.

Image: ${provenance.image}
Files of deployments/chat-0123456789:
  added api.yaml
  added kustomization.yaml
  added PROVENANCE

Change: deploy
Deployment-Id: ${provenance.deploymentId}
Revision-Id: ${provenance.revisionId}
Revision-Number: 5
Workspace-Id: ${provenance.workspaceId}
Listener-Id: ${provenance.listenerId}
Image: ${provenance.image}
Template: ${provenance.template}
Inputs-Digest: ${provenance.inputsDigest}
Secrets-Version: v1
Secret-Name: chat-env-0123456789
Key-Id: 0123456789ab
Towpath-Version: 0.1.0
Requested-By: Ada <ada@example.com>
Requested-At: 2026-01-01T00:00:00.000Z
`);
    expect(draft.author).toEqual({ name: 'Ada', email: 'ada@example.com', at: commit.requestedAt });
    expect(draft.committer).toEqual({ name: 'Towpath', email: 'towpath@example.com', at: commit.now });
  });

  it('says what a rollback goes back to', () => {
    const rollback = { change: 'rollback', rollbackTo: uuid('9') as RevisionId, rollbackToNumber: 1 } as const;
    const draft = deployDraft({ ...commit, trailers: { ...trailers, ...rollback } });

    const [subject] = draft.message.split('\n');
    expect(subject).toBe('rollback(chat): revision 5 (22222222) back to revision 1 (99999999)');
    expect(draft.message).toContain('\nIt goes back to revision 1 (99999999): the same image, settings and secrets.\n');
    expect(draft.message).toContain(`\nChange: rollback\n`);
    expect(draft.message).toContain(
      `\nRevision-Id: ${provenance.revisionId}\nRevision-Number: 5\nRollback-To: ${uuid('9')}\n`,
    );
    expect(draft.author.name).toBe('Ada');
  });

  it('names a revision by its id alone where nobody counts', () => {
    const draft = deployDraft({ ...commit, trailers: { ...trailers, revisionNumber: null } });

    expect(draft.message).toMatch(/^deploy\(chat\): revision 22222222, chat:1\.0\.0@6b86b273ff34\n/);
    expect(draft.message).not.toContain('Revision-Number');
  });

  it('leaves in the tree who asked, when, why, and who ran the command', () => {
    const operator = { name: 'Grace', email: 'grace@example.com' };
    const draft = deployDraft({
      ...commit,
      trailers: { ...trailers, change: 'restore' },
      why: 'It was edited.',
      operator,
    });
    const written = draft.changes.find((change) => change.path.endsWith('/PROVENANCE'));

    expect(written?.kind === 'write' && parseProvenance(written.content)).toMatchObject({
      requestedBy: 'Ada <ada@example.com>',
      requestedAt: '2026-01-01T00:00:00.000Z',
      operator: 'Grace <grace@example.com>',
      why: 'It was edited.',
    });
  });

  it('writes only what differs, and takes away what is no longer there', () => {
    const files = [
      { path: 'api.yaml', id: blobId('a: 1\n') },
      { path: 'old.yaml', id: blobId('old\n') },
      { path: 'kustomization.yaml', id: blobId('other\n') },
    ];
    const draft = deployDraft({ ...commit, folder: makeFolder(commit.path, files, provenance) });

    expect(draft.changes.map((change) => [change.kind, change.path.replace(`${commit.path}/`, '')])).toEqual([
      ['write', 'kustomization.yaml'],
      ['write', 'PROVENANCE'],
      ['delete', 'old.yaml'],
    ]);
    expect(draft.message).toContain('\n  changed kustomization.yaml\n  added PROVENANCE\n  removed old.yaml\n');
  });

  it('bears a Content digest that the folder then has', () => {
    const written = deployDraft(commit).changes.find((change) => change.path.endsWith('/PROVENANCE'));
    const files = [...commit.files].map(([path, text]) => ({ path, id: blobId(text) }));

    expect(written?.kind === 'write' && parseProvenance(written.content)?.content).toBe(contentDigest(files));
  });

  it('moves a folder of another layout as a whole', () => {
    const moved = deployDraft({ ...commit, folder: makeFolder('deployments/ab/chat-0123456789', [], provenance) });

    expect(moved.changes[0]).toEqual({ kind: 'delete-folder', path: 'deployments/ab/chat-0123456789' });
    expect(moved.changes.filter((change) => change.kind === 'write')).toHaveLength(3);
  });

  it('keeps its subject within 72 characters, cutting what the trailers say anyway', () => {
    const image = `registry.example/${'long-'.repeat(20)}name:${'t'.repeat(100)}`;
    for (const name of ['a', 'n'.repeat(20), 'n'.repeat(63)]) {
      const draft = deployDraft({ ...commit, name: name as DeploymentName, trailers: { ...trailers, image } });
      expect(draft.message.split('\n', 1)[0]?.length).toBeLessThanOrEqual(72);
      expect(draft.message).toMatch(/^deploy\(n*a?…?\): revision 5 \(22222222\)/);
    }
  });

  it('has the bot as author where nobody asked', () => {
    const draft = deployDraft({ ...commit, trailers: { ...trailers, change: 'rerender' }, why: 'Upgraded.' });

    expect(draft.author).toEqual(draft.committer);
    expect(draft.message).toContain('\nChange: rerender\n');
    expect(draft.message).toContain(`\nOf-Revision: ${provenance.revisionId}\n`);
    expect(draft.message).not.toContain('Revision-Id:');
  });

  it('removes the folder and says what of', () => {
    const folder = { ...makeFolder(commit.path, [{ path: 'PROVENANCE', id: 'd'.repeat(40) }], provenance), provenance };
    const { now, committer, name, namespace } = commit;
    const removal = {
      now,
      committer,
      name,
      namespace,
      folder,
      data: 'retain',
      towpathVersion: '0.2.0',
      outside: [],
    } as const;
    const at = new Date('2026-01-02T03:04:05Z');
    const draft = removeDraft({ ...removal, request: { requester: ada, at } });

    expect(draft.message).toMatch(/^remove\(chat\): revision 5 \(22222222\)\n/);
    expect(draft.message).toMatch(/\nChange: remove\n[\s\S]*\nOf-Revision: 2{8}/);
    expect(draft.changes).toEqual([{ kind: 'delete-folder', path: commit.path }]);
    expect(draft.author).toEqual({ name: 'Ada', email: 'ada@example.com', at });
    expect(draft.message).toContain('\nAsked for by Ada <ada@example.com> at 2026-01-02T03:04:05.000Z.\n');
    expect(removeDraft({ ...removal, request: null }).author).toEqual(draft.committer);
  });
});

describe('files outside the folder', () => {
  const flux = 'flux/chat-0123456789.yaml';
  const outside = new Map([[flux, 'kind: Kustomization\n']]);
  const textAt = (draft: ReturnType<typeof deployDraft>, path: string): string | undefined =>
    draft.changes.flatMap((change) => (change.kind === 'write' && change.path === path ? [change.content] : []))[0];

  it('go into the same commit, are named from the root, and are not in the folder’s Content digest', () => {
    const [plain, draft] = [deployDraft(commit), deployDraft({ ...commit, outside })];

    expect(textAt(draft, flux)).toBe('kind: Kustomization\n');
    expect(draft.message).toContain(`\n  added /${flux}\n`);
    expect(textAt(draft, `${commit.path}/PROVENANCE`)).toBe(textAt(plain, `${commit.path}/PROVENANCE`));
    expect(draft.changes).toHaveLength(plain.changes.length + 1);
  });

  it('go with the deployment, and the message names them', () => {
    const folder = { ...makeFolder(commit.path, [], null), provenance };
    const removal = removeDraft({
      ...commit,
      folder,
      request: null,
      data: 'retain',
      towpathVersion: '0.1.0',
      outside: [flux],
    });

    expect(removal.changes).toEqual([
      { kind: 'delete-folder', path: commit.path },
      { kind: 'delete', path: flux },
    ]);
    expect(removal.message).toContain(`\nRemoved: ${flux}\n`);
  });
});

describe('text from outside', () => {
  it('stays on its line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, email) => {
        const { message, author } = deployDraft({ ...commit, requester: { ...ada, name, email } });
        const paragraphs = message.split('\n\n');
        expect(paragraphs).toHaveLength(4);
        expect(paragraphs[3]?.split('\n').filter((line) => line.startsWith('Revision-Id: '))).toHaveLength(1);
        expect(paragraphs[1]?.split('\n')).toHaveLength(2);
        expect(`${author.name}${author.email}`).not.toMatch(/[\u0000-\u001f<>\u202a-\u202e\u2066-\u2069]/);
        expect(author.name).not.toBe('');
        expect(author.email).not.toBe('');
      }),
    );
  });

  it.each([
    ['a\nb', 'a b'],
    ['a\u202eb\u2066', 'a b'],
    ['\u0000\u009b', ''],
    ['half \ud800 pair', 'half pair'],
    ['emoji 🚀', 'emoji 🚀'],
  ])('%j becomes %j', (text, line) => {
    expect(plainLine(text)).toBe(line);
  });

  it('is somebody even when nothing of the name is left', () => {
    expect(plainIdentity({ name: ' <> ', email: '\n' }, { name: 'Nobody', email: 'n@x' })).toEqual({
      name: 'Nobody',
      email: 'n@x',
    });
  });
});

describe('keys', () => {
  const key = parseSecretKey(Buffer.from('ab'.repeat(32)), 'the test');

  it('give the same name to the same values, in whatever order, and another to others', () => {
    const name = 'chat-0123456789' as ResourceName;
    const one = environmentSecretName(key, name, { A: '1', B: '2' });

    expect(one).toMatch(/^chat-0123456789-env-[0-9a-f]{10}$/);
    expect(environmentSecretName(key, name, { B: '2', A: '1' })).toBe(one);
    expect(environmentSecretName(key, name, { A: '1', B: '3' })).not.toBe(one);
    expect(environmentSecretName(parseSecretKey(Buffer.alloc(32), 'x'), name, { A: '1', B: '2' })).not.toBe(one);
  });

  it('give each deployment its own password, the same after each restart', () => {
    const [one, other] = [uuid('1'), uuid('2')].map((id) => databasePassword(key, id as DeploymentId));

    expect(one).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(other).not.toBe(one);
    expect(databasePassword(parseSecretKey(Buffer.from(`${'AB'.repeat(32)}\n`), 'x'), uuid('1') as DeploymentId)).toBe(
      one,
    );
  });

  it('are refused at any other length', () => {
    expect(() => parseSecretKey(Buffer.from('short'), '/run/key')).toThrow('Cannot use /run/key as the key of secrets');
  });
});

describe('the brake on removals', () => {
  const limit = { max: 10, within: 3_600_000, data: 'retain' as const };
  it.each([
    [0, 10, false, 'go'],
    [0, 11, false, 'refused'],
    [10, 1, false, 'refused'],
    [9, 1, false, 'go'],
    [0, 1, true, 'refused'],
    [50, 0, true, 'go'],
  ])('with %i recent and %i wanted, held %s: %s', (recent, wanted, held, kind) => {
    expect(decideRemovals(limit, { namespace: commit.namespace, recent, wanted, held }).kind).toBe(kind);
  });
});
