/** The trailers at the end of a body: what a squash by the pull request's text leaves on the base, for `git log --grep`. */
import { plainIdentity } from '../plain-line.ts';
import { prose } from './text.ts';

/** What an auditor looks for; all of it stands in PROVENANCE. */
const kept: ReadonlySet<string> = new Set([
  'Change',
  'Deployment-Id',
  'Revision-Id',
  'Of-Revision',
  'Revision-Number',
  'Rollback-To',
  'Listener-Id',
  'Requested-By',
  'Requested-At',
]);

/** Lines that are plain text to Markdown: whoever has a name that is not is found in PROVENANCE alone. */
export function squashTrailers(trailers: string): string {
  return trailers
    .split('\n')
    .map((line) => /^([A-Z][A-Za-z-]*): (.*)$/.exec(line) ?? [])
    .flatMap(([, key = '', value = '']) => {
      if (!kept.has(key)) return [];
      const shown = key === 'Requested-By' ? plainPerson(value) : value;
      return shown === null ? [] : [`${key}: ${shown}`];
    })
    .join('\n');
}

/** `Ada <ada@example.com>`, with its mark; by which key it is claimed would be too long here. */
function plainPerson(value: string): string | null {
  const [, name = '', email = '', doubt = ''] = /^(.*?) <([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)>(.*)$/.exec(value) ?? [];
  const identity = plainIdentity({ name, email }, { name: '', email: '' });
  if (identity.name === '' || prose(identity.name, 100) !== identity.name || identity.email !== email) return null;
  const mark = /^ \((self-declared|not verified)/.exec(doubt)?.[1];
  return `${identity.name} <${email}>${mark === undefined ? '' : ` (${mark})`}`;
}
