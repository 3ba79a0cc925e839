/**
 * Credentials from the program that a kubeconfig names (`users[].user.exec`), as client-go runs it; the official client
 * for Node gives it no time limit and loses what it says. Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { execFile } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { plainLine } from '../../core/plain-line.ts';
import { TowpathError } from '../../domain/failure.ts';
import { redact } from '../../domain/redaction.ts';

export const ExecPlugin = z.object({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
});
export type ExecPlugin = z.infer<typeof ExecPlugin>;

export interface ExecCredential {
  readonly token?: string | undefined;
  /** PEM, as the two parts of a client certificate. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

interface Place {
  readonly kubeconfig: string;
  /** Of the kubeconfig: a command with a slash in it is relative to it, as in client-go. */
  readonly folder: string;
}

const Answer = z.object({
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});

const timeoutMs = 60_000;
const mostBytes = 1024 * 1024;
/** A credential is asked for again a little before it ends. */
const earlyMs = 10_000;

/** Answers the last credential until it ends; of several callers one runs the program. Throws transient `CredentialPlugin`. */
export function execCredentials(plugin: ExecPlugin, place: Place): () => Promise<ExecCredential> {
  let known: { readonly credential: ExecCredential; readonly until: number } | null = null;
  let running: Promise<ExecCredential> | null = null;
  const renew = async (): Promise<ExecCredential> => {
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = await answerOf(plugin, place);
    const credential = { token, cert: clientCertificateData, key: clientKeyData };
    const end = expirationTimestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(expirationTimestamp);
    known = { credential, until: Number.isNaN(end) ? 0 : end - earlyMs };
    return credential;
  };
  return async () => {
    if (known !== null && known.until > Date.now()) return known.credential;
    running ??= renew().finally(() => {
      running = null;
    });
    return running;
  };
}

async function answerOf(plugin: ExecPlugin, place: Place): Promise<z.infer<typeof Answer>['status']> {
  const output = await run(plugin, place);
  let answer: unknown = null;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(plugin, place, 'it did not answer an ExecCredential in JSON');
  }
  const { status } = Answer.safeParse(answer).data ?? {};
  const isComplete = status?.token || (status?.clientCertificateData && status.clientKeyData);
  if (!status || !isComplete) throw failed(plugin, place, 'its answer holds neither a token nor a client certificate');
  return status;
}

async function run(plugin: ExecPlugin, place: Place): Promise<string> {
  const { command, args, env, apiVersion } = plugin;
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const isRelative = /[/\\]/.test(command) && !isAbsolute(command);
  try {
    const { stdout } = await promisify(execFile)(isRelative ? resolve(place.folder, command) : command, args ?? [], {
      env: { ...process.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: mostBytes,
    });
    return stdout;
  } catch (cause) {
    throw failed(plugin, place, whyOf(cause as RunFailure, plugin), cause);
  }
}

type RunFailure = Error & { readonly code?: string | number; readonly killed?: boolean; readonly stderr?: string };

function whyOf({ code, killed, stderr = '' }: RunFailure, { installHint }: ExecPlugin): string {
  const hint = installHint ? `; ${plainLine(redact(installHint), 600)}` : '; install it, or write its whole path';
  if (code === 'ENOENT') return `it is not installed, or not in PATH${hint}`;
  if (code === 'EACCES') return 'this user may not run it; make it executable';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it printed more than 1 MiB';
  if (killed) return `it did not end within ${timeoutMs / 1000} s`;
  const words = plainLine(redact(stderr), 600);
  return `it failed${typeof code === 'number' ? ` with exit code ${code}` : ''}${words === '' ? ' and said nothing' : `: ${words}`}`;
}

function failed(plugin: ExecPlugin, { kubeconfig }: Place, why: string, cause?: unknown): TowpathError {
  const message = `Cannot log in by the credential plugin "${plugin.command}" of the kubeconfig "${kubeconfig}": ${why}`;
  return new TowpathError('transient', 'CredentialPlugin', message, { cause });
}
