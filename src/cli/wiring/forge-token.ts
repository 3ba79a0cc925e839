/** Who we are to a forge’s API: a token of its own, or the password that git uses; read at each request. */
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { type SecretPlace, secretText } from '../secret-text.ts';

type Subject = Pick<Namespace, 'publication' | 'credentials'>;

interface TokenPlace extends SecretPlace {
  readonly option: string;
}

/** Null: a GitHub App’s tokens, or nobody says (then the configuration is refused). */
export function tokenPlace({ publication, credentials = {} }: Subject): TokenPlace | null {
  const { tokenFile, tokenEnv } = publication;
  const { passwordFile, passwordEnv, bearerTokenFile } = credentials;
  const places: readonly TokenPlace[] = [
    { option: 'publication.tokenFile', file: tokenFile },
    { option: 'publication.tokenEnv', variable: tokenEnv },
    { option: 'credentials.bearerTokenFile', file: bearerTokenFile },
    { option: 'credentials.passwordFile', file: passwordFile },
    { option: 'credentials.passwordEnv', variable: passwordEnv },
  ];
  return places.find(({ file, variable }) => file !== undefined || variable !== undefined) ?? null;
}

export function readToken(place: TokenPlace): Promise<string> {
  return secretText(place, { what: 'token of the forge', option: place.option });
}
