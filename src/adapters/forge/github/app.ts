/** A GitHub App as credentials: short-lived tokens of its installation, for the API and for git alike. */
import { createPrivateKey } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import githubAppJwt from 'universal-github-app-jwt';
import { z } from 'zod';
import { plainLine } from '../../../core/plain-line.ts';
import type { GithubApp } from '../../../domain/configuration-publication.ts';
import { TowpathError } from '../../../domain/failure.ts';
import { readConfiguredFile, textOf, whyUnreadable } from '../../files/configured-file.ts';
import { forgeFailure, headerOf, messagesOf } from '../http/failure.ts';
import type { ForgeHttpSettings } from '../http/forge-http-settings.ts';
import { type ForgeAnswer, type ForgeHttp, forgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { githubHeaders } from './github-headers.ts';

export interface GithubAppSettings extends Pick<ForgeHttpSettings, 'apiUrl' | 'dispatcher' | 'onAnswer' | 'timeoutMs'> {
  readonly app: GithubApp;
  /** `owner/name`: its installation is looked for where the configuration names none. */
  readonly repository: string;
  readonly now?: () => Date;
}

export interface GithubAppAccess {
  /** A token of the installation, at least five minutes before its end. */
  token(): Promise<string>;
  /** The next one is new. */
  forget(): void;
  /** A new one that all of GitHub has had time to learn of, for who can try only once more. */
  renewed(): Promise<string>;
  /** After the first, second, … refusal of a request's token: whether it is worth to try once more. */
  refused(attempt: number): Promise<boolean>;
  /** How GitHub calls what the App does: `name[bot]`. */
  account(): Promise<string>;
  /** What the token may do, `contents` to `read` or `write`. */
  permissions(): Promise<Readonly<Record<string, string>>>;
  dispose(): Promise<void>;
}

const InstallationToken = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }),
  permissions: z.record(z.string(), z.string()).catch({}),
});
type InstallationToken = z.infer<typeof InstallationToken>;

const earlyMs = 300_000;
/** Some of GitHub's machines do not know a new token yet for about a second. */
const learningMs = 1_500;
const refusalPauseMs = 500;
const mostRefusals = 4;

export function githubApp(settings: GithubAppSettings): GithubAppAccess {
  const session = openSession(settings);
  let kept: Promise<{ readonly made: InstallationToken; readonly until: number }> | null = null;
  let account: string | null = null;
  const current = async (): Promise<InstallationToken> => {
    const asked = kept ?? renew();
    const found = await asked;
    if (session.nowMs() < found.until - earlyMs) return found.made;
    return (await (kept === null || kept === asked ? renew() : kept)).made;
  };
  /** Whoever asks meanwhile waits for the same one; a failure is not kept. */
  const renew = (): NonNullable<typeof kept> => {
    const making = session.newToken();
    kept = making;
    making.catch(() => {
      if (kept === making) kept = null;
    });
    return making;
  };
  return {
    token: async () => (await current()).token,
    forget: () => {
      kept = null;
    },
    renewed: async () => {
      kept = null;
      const { token } = await current();
      await pause(learningMs);
      return token;
    },
    refused: async (attempt) => {
      if (attempt === 1) kept = null;
      else if (attempt < mostRefusals) await pause(refusalPauseMs * attempt);
      return attempt < mostRefusals;
    },
    account: async () => {
      const purpose = 'read the GitHub App';
      account ??= `${shaped(session.http, purpose, Slug, (await session.asApp('GET', '/app', purpose)).body).slug}[bot]`;
      return account;
    },
    permissions: async () => (await current()).permissions,
    dispose: () => session.http.dispose(),
  };
}

const Slug = z.object({ slug: z.string() });
const Installation = z.object({ id: z.number().int() });

interface Session {
  readonly http: ForgeHttp;
  nowMs(): number;
  asApp(method: 'GET' | 'POST', path: string, purpose: string): Promise<ForgeAnswer>;
  newToken(): Promise<{ readonly made: InstallationToken; readonly until: number }>;
}

function openSession(settings: GithubAppSettings): Session {
  const { app, repository } = settings;
  const nowMs = (): number => (settings.now?.() ?? new Date()).getTime();
  /** How far GitHub's clock is ahead of ours: a token must not seem to come from the future. */
  let aheadMs = 0;
  const jwt = async (): Promise<string> => {
    const privateKey = await readKey(app);
    return (await githubAppJwt({ id: app.id, privateKey, now: Math.floor((nowMs() + aheadMs) / 1000) })).token;
  };
  const { apiUrl, dispatcher, onAnswer, timeoutMs } = settings;
  const http = forgeHttp({ apiUrl, dispatcher, onAnswer, timeoutMs, headers: githubHeaders, token: jwt });
  const asked = (method: 'GET' | 'POST', path: string, purpose: string): Promise<ForgeAnswer> => {
    const call = { purpose, accept: [401, 403, 404], makesContent: false };
    return method === 'GET' ? http.get(path, call) : http.post(path, undefined, call);
  };
  const asApp = async (method: 'GET' | 'POST', path: string, purpose: string): Promise<ForgeAnswer> => {
    const first = await asked(method, path, purpose);
    const date = Date.parse(headerOf(first.headers, 'date') ?? '');
    const isClock = first.status === 401 && /'(?:iat|exp)'/.test(messagesOf(first.body).join(' '));
    if (!isClock || !Number.isFinite(date)) return judged(settings, purpose, first);
    aheadMs = date - nowMs();
    return judged(settings, purpose, await asked(method, path, purpose));
  };
  let installation: number | null = app.installationId ?? null;
  const installed = async (): Promise<number> => {
    const purpose = `find the installation of GitHub App ${app.id} for ${repository}`;
    const { body } = await asApp('GET', `/repos/${repository}/installation`, purpose);
    return shaped(http, purpose, Installation, body).id;
  };
  const newToken: Session['newToken'] = async () => {
    const isKnown = installation !== null;
    const id = installation ?? (await installed());
    const purpose = `get a token of installation ${id} of GitHub App ${app.id}`;
    const path = `/app/installations/${id}/access_tokens`;
    const answer = await asApp('POST', path, purpose).catch(async (error: unknown) => {
      // It was installed anew, or the repository went to another owner.
      installation = app.installationId ?? null;
      if (!isKnown || installation !== null || !isMissing(error)) throw error;
      return asApp('POST', `/app/installations/${await installed()}/access_tokens`, purpose);
    });
    installation ??= id;
    const made = shaped(http, purpose, InstallationToken, answer.body);
    const sent = Date.parse(headerOf(answer.headers, 'date') ?? '');
    const lifeMs = Date.parse(made.expires_at) - (Number.isFinite(sent) ? sent : nowMs());
    return { made, until: nowMs() + lifeMs };
  };
  return { http, nowMs, asApp, newToken };
}

function isMissing(error: unknown): boolean {
  return error instanceof TowpathError && error.reason === 'ForgeMissing';
}

/** GitHub's words say little about which of the three options is wrong; so it is said here. */
function judged({ app, apiUrl, repository }: GithubAppSettings, purpose: string, answer: ForgeAnswer): ForgeAnswer {
  const { status, headers, body } = answer;
  if (status < 400) return answer;
  const words = messagesOf(body).join('; ');
  const fail = (reason: string, advice: string): TowpathError =>
    new TowpathError('terminal', reason, `Cannot ${purpose}: it answered ${status}: ${words}; ${advice}`);
  if (status === 401 && /could not be decoded/i.test(words)) {
    throw fail('ForgeUnauthorized', `privateKeyFile does not hold a key of App ${plainLine(app.id)}`);
  }
  if (status === 401) throw fail('ForgeUnauthorized', 'check the clock of this machine');
  if (status === 403 && /suspended/i.test(words)) {
    throw fail('ForgeForbidden', 'let its owner unsuspend the installation');
  }
  if (status === 404 && /integration not found/i.test(words)) {
    throw fail('ForgeUnauthorized', 'githubApp.id names no App of this GitHub');
  }
  if (status === 404) throw fail('ForgeMissing', `install the App for ${repository}, or correct installationId`);
  throw forgeFailure({ purpose, server: apiUrl, status, headers, body, isPage: false, now: new Date() });
}

/** PKCS#8, which every library takes; GitHub hands out PKCS#1. Read each time, which is once an hour. */
async function readKey({ privateKeyFile }: GithubApp): Promise<string> {
  const fail = (why: string, cause?: unknown): TowpathError =>
    new TowpathError(
      'terminal',
      'InvalidCredentials',
      `Cannot use githubApp.privateKeyFile ${privateKeyFile}: ${why}`,
      {
        cause,
      },
    );
  const text = await readConfiguredFile(privateKeyFile)
    .then(textOf)
    .catch((cause: unknown) => {
      throw fail(whyUnreadable(cause), cause);
    });
  if (/-----BEGIN (?:RSA )?PUBLIC KEY-----/.test(text)) throw fail('it holds a public key; the private one is needed');
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw fail('it holds no private key in PEM that can be read without a passphrase', cause);
  }
  if (key.asymmetricKeyType !== 'rsa') throw fail(`it is a key of ${key.asymmetricKeyType}, and GitHub makes RSA keys`);
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
