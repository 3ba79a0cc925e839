/** Reads the small files that a configuration or an option names: certificates, keys, tokens, secrets. One set of words for all. */
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemWords } from '../../domain/system-words.ts';

/** Why a file cannot be used, as the part of a message after the colon: "there is no such file". */
export class FileFailure extends Error {
  override readonly name = 'FileFailure';
  /** `ENOENT` and the like. Kept instead of the system's own error, whose words are not for users. */
  readonly systemCode: string | null;

  constructor(why: string, systemCode: string | null = null) {
    super(why);
    this.systemCode = systemCode;
  }
}

/** What no such file needs: a bundle of all public authorities is 220 KiB. */
const mostBytes = 4 * 1024 * 1024;
const chunkBytes = 64 * 1024;

/** Pipes and devices are read, too, up to 4 MiB. Throws FileFailure. */
export async function readConfiguredFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    const chunks: Buffer[] = [];
    try {
      for (let size = 0; ; ) {
        const chunk = Buffer.alloc(chunkBytes);
        const { bytesRead } = await file.read(chunk, 0, chunkBytes, null);
        if (bytesRead === 0) return Buffer.concat(chunks);
        size = bounded(size + bytesRead);
        chunks.push(chunk.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    return refuse(cause);
  }
}

/** For the few places that cannot wait. */
export function readConfiguredFileSync(path: string): Buffer {
  try {
    const file = openSync(path, 'r');
    const chunks: Buffer[] = [];
    try {
      for (let size = 0; ; ) {
        const chunk = Buffer.alloc(chunkBytes);
        const bytesRead = readSync(file, chunk);
        if (bytesRead === 0) return Buffer.concat(chunks);
        size = bounded(size + bytesRead);
        chunks.push(chunk.subarray(0, bytesRead));
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    return refuse(cause);
  }
}

function bounded(size: number): number {
  if (size > mostBytes) throw new FileFailure(`it is larger than ${mostBytes / 1024 / 1024} MiB`);
  return size;
}

/**
 * UTF-8, or UTF-16 with a byte-order mark, as editors and PowerShell of Windows write it; without the mark.
 * Throws FileFailure.
 */
export function textOf(content: Buffer): string {
  const [first, second] = content;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(content);
  } catch {
    throw new FileFailure('it is not text in UTF-8');
  }
}

/** The one line of a token, key or password, without blanks and line ends around it. Throws FileFailure. */
export function secretLineOf(content: Buffer): string {
  const text = textOf(content).trim();
  if (text === '') throw new FileFailure('it is empty');
  // Such a text would end the header that carries it.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new FileFailure('it holds a control character or more than one line');
  return text;
}

/** A key of 32 bytes as it is; everything else is taken as text, without blanks and line ends around it. Throws FileFailure. */
export function keyBytesOf(content: Buffer): Buffer {
  return content.length === 32 ? content : Buffer.from(textOf(content).trim());
}

/** Whether the file is simply not there, for the few places where that is no failure. */
export function isMissing(cause: unknown): boolean {
  return cause instanceof FileFailure && cause.systemCode === 'ENOENT';
}

/** The words for whatever a read threw; an error of another kind is not a user's, and is thrown as it is. */
export function whyUnreadable(cause: unknown): string {
  if (cause instanceof FileFailure) return cause.message;
  const why = words[codeOf(cause) ?? ''] ?? systemWords(cause);
  if (why === null) throw cause;
  return why;
}

function codeOf(cause: unknown): string | null {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : null;
}

/** More exact than the system's words for a path of any kind. */
const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ENOTDIR: 'a part of its path is not a folder',
};

function refuse(cause: unknown): never {
  throw cause instanceof FileFailure ? cause : new FileFailure(whyUnreadable(cause), codeOf(cause));
}
