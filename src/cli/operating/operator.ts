/** Who runs a command: the author of what it commits, as git would find out. */
import { hostname, userInfo } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { Identity } from '../../core/plain-line.ts';

/** `Jane Doe <jane@example.com>`. */
export function parseAuthor(text: string): Identity {
  const [, name = '', email = ''] = /^\s*([^<>]*[^<>\s])\s*<([^<>\s]+)>\s*$/.exec(text) ?? [];
  if (name === '' || email === '') throw new InvalidArgumentError('Expected "Name <email>".');
  return { name, email };
}

/** What was said on the command line, else git's own variables, else the account on this machine. */
export function operatorOf(author: Identity | undefined, environment: NodeJS.ProcessEnv = process.env): Identity {
  if (author) return author;
  const user = accountName(environment);
  return {
    name: environment['GIT_AUTHOR_NAME'] || user,
    email: environment['GIT_AUTHOR_EMAIL'] || `${user}@${hostname()}`,
  };
}

/** A container may run under a number that no account has. */
function accountName(environment: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return environment['USER'] || environment['LOGNAME'] || 'unknown';
  }
}
