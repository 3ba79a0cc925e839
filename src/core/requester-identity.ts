/** What commits and pull requests say of who asked: a person where that is proven, else what the key claims, marked. */
import { isProven, type Requester } from '../domain/requester.ts';
import { type Identity, plainIdentity, plainLine } from './plain-line.ts';

export const unknownRequester: Identity = { name: 'Unknown requester', email: 'unknown@towpath.invalid' };

const marks = { 'self-declared': 'self-declared', unknown: 'not verified' } as const;
/** So that no long name pushes its mark over the end of the line. */
const nameRoom = 80;

/**
 * The author of a commit. An e-mail stands for a person at every forge, so one that nobody proved does not become the
 * author's: the key's own address stands there, and the name bears a mark.
 */
export function authorOf(requester: Requester): Identity {
  if (isProven(requester)) return plainIdentity(requester, unknownRequester);
  const { name } = plainIdentity(requester, unknownRequester);
  const marked = `${plainLine(name, nameRoom)} (${markOf(requester)})`;
  const email = requester.key ? `key-${keyWord(requester.key.id)}@towpath.invalid` : unknownRequester.email;
  return plainIdentity({ name: marked, email }, unknownRequester);
}

/** One line: `Ada <ada@example.com>`, or that and by which key it is claimed and who made that key. */
export function requesterLine(requester: Requester): string {
  const { name, email } = plainIdentity(requester, unknownRequester);
  const who = `${name} <${email}>`;
  return isProven(requester) ? who : `${who} (${doubtOf(requester)})`;
}

/** `self-declared by API key <id>, which "CI" made with key <id>`. */
export function doubtOf(requester: Requester): string {
  const { key } = requester;
  if (requester.proof === 'unknown' || key === null) {
    return `${markOf(requester)}: the control plane does not say who it is`;
  }
  const maker = key.maker
    ? `${keyName(key.maker.name)} made with API key ${keyWord(key.maker.id)}`
    : 'the control plane made';
  return `${markOf(requester)} by API key ${keyWord(key.id)}, which ${maker}`;
}

function markOf({ proof }: Requester): string {
  return proof === 'self-declared' ? marks['self-declared'] : marks.unknown;
}

function keyName(name: string): string {
  return `"${plainLine(name.replace(/[<>"]/g, ' '), nameRoom)}"`;
}

/** Ids are UUIDs; a control plane that sends something else forges nothing with it. */
function keyWord(id: string): string {
  return id.replace(/[^A-Za-z0-9-]/g, '').slice(0, 40) || 'unknown';
}
