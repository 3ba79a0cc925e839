/** The settings of the HTTP client that the forges share. */
import type { Dispatcher } from 'undici';

export interface ForgeHttpSettings {
  /** Without a closing slash. */
  readonly apiUrl: string;
  /** Asked before each request, so that a renewed token needs no restart. */
  readonly token: () => Promise<string>;
  /** Headers that carry it; `Authorization: Bearer` where absent, which all three take. */
  readonly authorization?: ((token: string) => Readonly<Record<string, string>>) | undefined;
  /** Sent with every request: media type, version of the API. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Belongs to whoever made it; absent: that of the process. */
  readonly dispatcher?: Dispatcher | undefined;
  /** The one that the configuration names, for messages. */
  readonly proxy?: string | undefined;
  /** For one request, its answer included; 30 s where absent. */
  readonly timeoutMs?: number | undefined;
  /** Told of each answer by its status, or `error` where none came. */
  readonly onAnswer?: ((code: number | 'error', durationMs: number) => void) | undefined;
  /** Asked before each request that makes something; throws a waiting TowpathError ForgeBudget. */
  readonly budget?: RequestBudget | undefined;
  /** After the first, second, … 401 to one request: true asks for the token anew and tries once more. */
  readonly onUnauthorized?: ((attempt: number) => boolean | Promise<boolean>) | undefined;
  readonly userAgent?: string | undefined;
  /** For tests of what waits. */
  readonly now?: (() => Date) | undefined;
}

interface RequestBudget {
  take(kind: 'content'): void;
}
