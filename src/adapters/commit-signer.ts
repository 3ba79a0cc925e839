/** Signs commits with the key that `git.signing` names; files are read again when they change, and signatures verified. */
import { stat } from 'node:fs/promises';
import type { Signing } from '../domain/configuration-publication.ts';
import { TowpathError } from '../domain/failure.ts';
import { type IsSigned, type Sign, signedParts } from '../git/commit.ts';
import { type KeyIdentity, type SigningKey, SigningKeyError } from '../git/sign-key.ts';
import { readConfiguredFile, textOf, whyUnreadable } from './files/configured-file.ts';

export interface CommitSigner {
  /** Answers only signatures that the public part of the key verifies. */
  readonly sign: Sign;
  readonly isSigned: IsSigned;
  /** Of the key as it is now. */
  identity(): Promise<KeyIdentity>;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function commitSigner(settings: Signing, environment: Environment = process.env): CommitSigner {
  let known: { readonly mark: string; readonly key: Promise<SigningKey> } | null = null;
  const current = async (): Promise<SigningKey> => {
    const mark = await markOf(settings);
    if (known?.mark === mark) return known.key;
    const key = readKey(settings, environment);
    const entry = { mark, key };
    known = entry;
    // What could not be read is tried again, though the files stay as they are.
    key.catch(() => {
      if (known === entry) known = null;
    });
    return key;
  };
  return {
    sign: async (payload) => signChecked(await current(), payload, settings),
    isSigned: async (commit) => isSignedBy(await current(), commit),
    identity: async () => (await current()).identity,
  };
}

async function signChecked(key: SigningKey, payload: Buffer, { keyFile }: Signing): Promise<string> {
  try {
    const signature = await key.sign(payload);
    if (await key.verify(payload, signature)) return signature;
  } catch (cause) {
    throw unusable(keyFile, explainedSigning(cause), cause);
  }
  const message =
    `Cannot sign a commit with "${keyFile}": the signature does not verify with the key's own public part, so that ` +
    'nothing is pushed; make the file anew from the original key (git.signing.keyFile)';
  throw new TowpathError('terminal', 'SignatureInvalid', message);
}

/** The words of OpenSSL and of the OpenPGP library help nobody; our own do. */
function explainedSigning(cause: unknown): string {
  const why = cause instanceof SigningKeyError ? cause.message : 'the key cannot make a signature';
  return `${why}; name another key by git.signing.keyFile`;
}

/** What is no signature at all, or one of another kind, is none of ours. */
async function isSignedBy(key: SigningKey, commit: Buffer): Promise<boolean> {
  const parts = signedParts(commit);
  return parts !== null && key.verify(parts.payload, parts.signature).catch(() => false);
}

/** Mounted Secrets change by a new symlink: another inode, size or time is another file. */
async function markOf({ keyFile, passphraseFile }: Signing): Promise<string> {
  const marks = [await markOfFile('git.signing.keyFile', keyFile)];
  if (passphraseFile) marks.push(await markOfFile('git.signing.passphraseFile', passphraseFile));
  return marks.join(' ');
}

async function markOfFile(option: string, path: string): Promise<string> {
  const { ino, size, mtimeMs } = await reading(option, path, () => stat(path));
  return `${ino}/${size}/${mtimeMs}`;
}

async function readKey(settings: Signing, environment: Environment): Promise<SigningKey> {
  const { kind, keyFile } = settings;
  const text = await reading('git.signing.keyFile', keyFile, () => readText(keyFile));
  const passphrase = await readPassphrase(settings, environment);
  try {
    switch (kind) {
      case 'ssh':
        return await (await import('../git/sign-key-ssh.ts')).readSshSigningKey(text, passphrase);
      case 'gpg':
        return await (await import('../git/sign-key-gpg.ts')).readGpgSigningKey(text, passphrase);
      default:
        return kind satisfies never;
    }
  } catch (cause) {
    throw cause instanceof SigningKeyError ? explained(cause, settings) : cause;
  }
}

async function readPassphrase(settings: Signing, environment: Environment): Promise<string | null> {
  const { keyFile, passphraseFile, passphraseEnv } = settings;
  if (passphraseFile) {
    const text = await reading('git.signing.passphraseFile', passphraseFile, () => readText(passphraseFile));
    // A blank at its end can belong to a passphrase.
    return text.replace(/[\r\n]+$/, '');
  }
  if (!passphraseEnv) return null;
  const value = environment[passphraseEnv];
  if (value) return value;
  throw unusable(
    keyFile,
    `the environment variable ${passphraseEnv} is not set, and git.signing.passphraseEnv names it`,
  );
}

/** With the option to change, which the reader of keys does not know. */
function explained(cause: SigningKeyError, { kind, keyFile, passphraseFile, passphraseEnv }: Signing): TowpathError {
  switch (cause.problem) {
    case 'encrypted': {
      const mend = 'name the file with its passphrase by git.signing.passphraseFile, or a variable by passphraseEnv';
      return unusable(keyFile, `${cause.message}; ${mend}`, cause);
    }
    case 'passphrase': {
      const option = passphraseFile ? `passphraseFile ("${passphraseFile}")` : `passphraseEnv (${passphraseEnv})`;
      return unusable(keyFile, `the passphrase of git.signing.${option} does not open it; correct it`, cause);
    }
    case 'foreign': {
      const other = kind === 'ssh' ? 'gpg' : 'ssh';
      const mend = `set git.signing.kind to ${other}, or name another file by git.signing.keyFile`;
      return unusable(keyFile, `${cause.message}, but git.signing.kind is ${kind}; ${mend}`, cause);
    }
    case 'unusable':
      return unusable(keyFile, `${cause.message} (git.signing.keyFile)`, cause);
    default:
      return cause.problem satisfies never;
  }
}

async function reading<Result>(option: string, path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    const message = `Cannot sign commits: "${path}" cannot be read: ${whyUnreadable(cause)}; correct ${option}`;
    throw new TowpathError('terminal', 'UnusableSigningKey', message, { cause });
  }
}

async function readText(path: string): Promise<string> {
  return textOf(await readConfiguredFile(path));
}

function unusable(keyFile: string, why: string, cause?: unknown): TowpathError {
  return new TowpathError('terminal', 'UnusableSigningKey', `Cannot sign commits with "${keyFile}": ${why}`, { cause });
}
