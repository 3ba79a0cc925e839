/** Commits: the text that git hashes, made safe against what people put into names and messages. */

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: Date;
}

export interface CommitContent {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

/** Answers an armoured signature (OpenPGP or SSHSIG) over the commit's bytes. */
export type Sign = (payload: Buffer) => Promise<string>;

/** Whether the very key that signs now has signed a commit, given as its bytes. */
export type IsSigned = (commit: Buffer) => Promise<boolean>;

export interface ParsedCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly subject: string;
  /** As it was written, the subject with it. */
  readonly message: string;
}

/** The commit's bytes; UTF-8, times in UTC. */
export async function serializeCommit(content: CommitContent, sign?: Sign): Promise<Buffer> {
  const header = [
    `tree ${content.tree}`,
    ...content.parents.map((parent) => `parent ${parent}`),
    `author ${personLine(content.author)}`,
    `committer ${personLine(content.committer)}`,
  ];
  const message = messageText(content.message);
  const payload = Buffer.from(`${header.join('\n')}\n\n${message}`);
  if (!sign) return payload;
  const signature = (await sign(payload)).trimEnd().split(/\r?\n/).join('\n ');
  return Buffer.from(`${[...header, `gpgsig ${signature}`].join('\n')}\n\n${message}`);
}

/** What a commit's signature is over, and the signature; null where it has none. */
export function signedParts(raw: Buffer): { readonly payload: Buffer; readonly signature: string } | null {
  const end = raw.indexOf('\n\n');
  // Bytes stay bytes: a name in another encoding is signed as it is.
  const header = raw.subarray(0, end < 0 ? raw.length : end).toString('latin1');
  const found = /\ngpgsig (.*(?:\n .*)*)/.exec(header);
  if (!found?.[1]) return null;
  const payload = Buffer.concat([
    raw.subarray(0, found.index),
    raw.subarray(found.index + Buffer.byteLength(found[0], 'latin1')),
  ]);
  return { payload, signature: `${found[1].replaceAll('\n ', '\n')}\n` };
}

export function parseCommit(raw: Buffer): ParsedCommit {
  const text = raw.toString('utf8');
  const end = text.indexOf('\n\n');
  const header = (end < 0 ? text : text.slice(0, end)).split('\n');
  const values = (key: string): string[] =>
    header.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  const tree = values('tree')[0];
  if (tree === undefined) throw new RangeError('Cannot read a commit: it names no tree');
  const message = end < 0 ? '' : text.slice(end + 2);
  return {
    tree,
    parents: values('parent'),
    author: parsePerson(values('author')[0] ?? ''),
    committer: parsePerson(values('committer')[0] ?? ''),
    subject: message.trimStart().split('\n', 1)[0] ?? '',
    message,
  };
}

function personLine({ name, email, at }: Signature): string {
  const address = bareWord(email);
  const person = bareWord(name) || address.split('@')[0] || 'unknown';
  const seconds = Math.floor(at.getTime() / 1000);
  // Git's own checks refuse times before 1970 and those that are none.
  return `${person} <${address}> ${Number.isFinite(seconds) ? Math.max(0, seconds) : 0} +0000`;
}

/** Without what would end the name, the address or the line; git trims the same characters at the ends. */
function bareWord(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f<>]+/g, ' ')
    .replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, '')
    .replace(/\s+/g, ' ');
}

function messageText(message: string): string {
  const text = message.replaceAll('\0', '').replaceAll('\r\n', '\n');
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** The last moment that a Date can hold. */
const latestTime = 8.64e15;

function parsePerson(line: string): Signature {
  const match = /^(.*?) ?<([^>]*)> (-?\d+)/.exec(line);
  if (!match) return { name: line, email: '', at: new Date(0) };
  const [, name = '', email = '', seconds = '0'] = match;
  // Git takes any number, and one commit of anybody's must not keep a history from being read.
  const at = new Date(Math.max(-latestTime, Math.min(latestTime, Number(seconds) * 1000)));
  return { name, email, at };
}
