/** Our own engine, as the listener uses it. */
import { GitRepository } from '../../../src/adapters/repository/repository.ts';
import { repoPath } from '../../../src/domain/file-tree.ts';
import type { BlobId } from '../../../src/domain/identifiers.ts';
import { HttpTransport } from '../../../src/git/http-transport.ts';
import type { CommitDraft, Snapshot } from '../../../src/ports.ts';
import { type Contender, type ContenderWorld, messageOf, secondsOf } from './contender.ts';
import { changedDeployment, filesOf } from './deployments.ts';

export function ownContender(): Contender {
  const opened: GitRepository[] = [];
  let world: ContenderWorld;
  let repository: GitRepository;
  let snapshot: Snapshot;
  const connect = ({ url }: ContenderWorld): GitRepository => {
    const made = new GitRepository({ branch: 'main', transport: new HttpTransport({ url }) });
    opened.push(made);
    return made;
  };
  return {
    open: async (given) => {
      world = given;
      repository = connect(world);
      snapshot = await repository.snapshot(await repository.head());
    },
    changes: async (first, count) => {
      const drafts = Array.from({ length: count }, (_, index) => draftOf(first + index, world));
      return async () => {
        // A pass begins with the head: somebody else may have pushed.
        const outcome = await repository.publish(await repository.snapshot(await repository.head()), drafts);
        if (outcome.kind !== 'pushed') throw new Error(`not pushed: ${outcome.kind}`);
        snapshot = outcome.snapshot;
      };
    },
    coldStart: async (given) => async () => {
      const cold = connect(given);
      const first = await cold.snapshot(await cold.head());
      const found = await cold.readBlobs(provenanceIds(first, 'deployments'));
      if (found.size !== given.count) throw new Error(`read ${found.size} of ${given.count}`);
    },
    idle: async () => async () => {
      if ((await repository.head()) !== snapshot.head) throw new Error('the head has moved');
    },
    close: async () => {
      for (const one of opened) await one.close();
    },
  };
}

function draftOf(change: number, { count, layout }: ContenderWorld): CommitDraft {
  const at = new Date(secondsOf(change) * 1000);
  const files = filesOf(changedDeployment(change, count), change + 1, layout);
  return {
    message: messageOf(change),
    author: { name: 'Ada', email: 'ada@example.com', at },
    committer: { name: 'Towpath', email: 'towpath@example.com', at },
    changes: files.map(([path, content]) => ({ kind: 'write', path: repoPath(path), content })),
  };
}

function provenanceIds(snapshot: Snapshot, folder: string): BlobId[] {
  const own = snapshot.idAt(`${folder}/PROVENANCE`);
  if (own) return [own as BlobId];
  const below = (snapshot.list(folder) ?? []).filter(({ kind }) => kind === 'folder');
  return below.flatMap(({ name }) => provenanceIds(snapshot, `${folder}/${name}`));
}
