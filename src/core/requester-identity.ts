/** What commits and pull requests say of who asked: a person where that is proven, else what the key claims, marked. */
import { doubtOf, isProven, markOf, type Requester, type RequesterKey } from '../domain/requester.ts';
import { type Identity, plainIdentity, plainLine } from './plain-line.ts';

export const unknownRequester: Identity = { name: 'Unknown requester', email: 'unknown@towpath.invalid' };

/** So that no long name pushes its mark over the end of the line. */
const nameRoom = 80;

/**
 * The author of a commit. An e-mail stands for a person at every forge, so one that nobody proved does not become the
 * author's: the key's own address stands there, and the name bears a mark.
 */
export function authorOf(requester: Requester): Identity {
  const plain = plainIdentity(requester, unknownRequester);
  if (isProven(requester)) return plain;
  const name = `${plainLine(plain.name, nameRoom)} (${markOf(requester)})`;
  const email = requester.key ? `key-${keyWord(requester.key.id)}@towpath.invalid` : unknownRequester.email;
  return { name, email };
}

/** One line: `Ada <ada@example.com>`, or that and by which key it is claimed and who made that key. */
export function requesterLine(requester: Requester): string {
  const { name, email } = plainIdentity(requester, unknownRequester);
  const doubt = plainDoubt(requester);
  return doubt === null ? `${name} <${email}>` : `${name} <${email}> (${doubt})`;
}

/** What a control plane sends forges no line: its names lie on one line, its ids are words. */
export function plainDoubt(requester: Requester): string | null {
  return doubtOf({ ...requester, key: requester.key && plainKey(requester.key) });
}

function plainKey({ id, maker }: RequesterKey): RequesterKey {
  const name = maker && plainLine(maker.name.replace(/[<>"]/g, ' '), nameRoom);
  return { id: keyWord(id), maker: maker && { id: keyWord(maker.id), name: name ?? '' } };
}

function keyWord(id: string): string {
  return id.replace(/[^A-Za-z0-9-]/g, '').slice(0, 40) || 'unknown';
}
