/** What every sealed file says, whatever is in it: a secret that is such a word has not leaked. */
import { NamespaceName } from '../../domain/identifiers.ts';
import { sealedSecretText } from './sealed-secret.ts';
import { sopsFileText } from './sops-file.ts';

/** Clients put whole `.env` files into secrets, and a value may be `encrypted`. */
export function ordinarySealedText(): string {
  const secret = { namespace: NamespaceName.parse('default'), name: '', labels: {}, values: { '': 'a' } };
  const nothing = new Uint8Array(0);
  return [
    sealedSecretText(secret, {}, 'namespace-wide'),
    sealedSecretText(secret, {}, 'cluster-wide'),
    sopsFileText({
      secret,
      recipients: [{ recipient: '', enc: '-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n' }],
      lastModified: new Date(0),
      encrypt: () => ({ data: nothing, iv: nothing, tag: nothing }),
    }),
  ].join('\n');
}
