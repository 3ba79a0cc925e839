/** What a server's words mean, whichever server says them: git, GitHub, GitLab, Gitea, Bitbucket, JGit. */

/**
 * moved: somebody else was faster. denied: we may not, or something stands in the way. policy: a rule that people
 * made (a protected branch, a hook). missing: the repository, or an object that we built upon, is not there.
 * auth: who we are was not accepted. transient: the server is in trouble, or nobody knows.
 */
export type GitFailure = 'moved' | 'denied' | 'policy' | 'missing' | 'auth' | 'transient';

// The first that fits counts: what a hook prints may also hold the words of a plain refusal.
const meanings: readonly (readonly [GitFailure, RegExp])[] = [
  [
    'transient',
    /no space left|disk (quota|full)|quota exceeded|unable to (write|create temporary)|could not write|out of memory|internal (server|api) (error|unreachable)|internal api|timed? ?out|temporarily|try again (later|in )|rate limit|too many requests|read-only (mode|file system|repository)|maintenance/i,
  ],
  [
    'auth',
    /authentication (failed|required|is required)|invalid (credentials|username or password|username or token)|bad credentials|could not read username|http basic: access denied|support for password authentication was removed|permission denied \(publickey/i,
  ],
  [
    'policy',
    /GH0\d\d|protected branch|protected ref|rule violations|push rule|branch restriction|branch permission|pre-receive hook|hook declined|update hook|declined by|signed commits|not allowed to (push|force|create)|exceeds maximum allowed size|too large|fsck/i,
  ],
  [
    'missing',
    /missing necessary objects|missing (object|tree|blob|commit)|unresolved delta|did not receive expected object|bad object|repository\b.* not found|not found|could not be found|no such project|does not (appear to be a git repository|exist)|no such repository/i,
  ],
  [
    'denied',
    /permission to .* denied|permission denied|access denied|denied to|forbidden|unauthorized|deny updating|prohibited|hidden ref|currently checked out|archived|funny refname|do not have (permission|write)|not permitted|you are not allowed/i,
  ],
  [
    'moved',
    /fetch first|not our ref|want [0-9a-f]{40} not valid|non-fast-forward|not a fast.?forward|stale info|cannot lock ref|failed to (update|lock)|lock (error|failure)|incorrect old value|reference already exists|already exists|but expected|remote ref .* changed|atomic push failed/i,
  ],
];

/** The meaning of a refusal; what nobody has classed is transient: it is tried again and stays visible. */
export function failureOf(...texts: readonly string[]): GitFailure {
  const text = texts.join('\n');
  return meanings.find(([, words]) => words.test(text))?.[0] ?? 'transient';
}
