/** A certificate authority for tests, made afresh in memory, without any program of the system. */
import sshpk from 'sshpk';

interface TestAuthority {
  /** PEM to trust. */
  readonly certificate: string;
  /** A certificate for the host, with its key. */
  issue(host?: string): { readonly key: string; readonly cert: string };
}

export function testAuthority(): TestAuthority {
  const key = sshpk.generatePrivateKey('ecdsa', { curve: 'nistp256' });
  const name = sshpk.identityFromDN('CN=Towpath test authority');
  const purposes = ['ca', 'signature', 'serverAuth'];
  const lifetime = 24 * 60 * 60;
  const authority = sshpk.createSelfSignedCertificate([name], key, { purposes, lifetime });
  return {
    certificate: authority.toString('pem'),
    issue: (host = 'localhost') => {
      const serverKey = sshpk.generatePrivateKey('ecdsa', { curve: 'nistp256' });
      const certificate = sshpk.createCertificate([sshpk.identityForHost(host)], serverKey.toPublic(), name, key, {
        lifetime,
      });
      return { key: serverKey.toString('pkcs8'), cert: certificate.toString('pem') };
    },
  };
}
