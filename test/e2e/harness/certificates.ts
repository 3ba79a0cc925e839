/** A certificate authority for one run, and the certificates and kubeconfigs that Kubernetes' programs need. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientTls } from './http-answers.ts';

export interface Certificates {
  readonly folder: string;
  /** Of `system:masters`, for asking and for the admin's kubeconfig. */
  readonly admin: ClientTls;
  /** The path of a file in the folder, such as `ca.crt`. */
  file(name: string): string;
  /** Writes a kubeconfig for one of the identities and gives its path. */
  kubeconfig(identity: 'admin' | 'controller-manager' | 'scheduler', server: string): string;
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const serverNames = [
  'IP:127.0.0.1',
  'IP:10.96.0.1',
  'DNS:localhost',
  ...['', '.default', '.default.svc', '.default.svc.cluster.local'].map((suffix) => `DNS:kubernetes${suffix}`),
];

export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { mode: 0o700 });
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', [...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  };
  openssl('req', '-x509', ...curve, '-days', '2', '-subj', '/CN=towpath-e2e', ...caExtensions, ...output('ca'));
  issue(openssl, folder, 'server', '/CN=kube-apiserver', [`subjectAltName=${serverNames.join(',')}`]);
  issue(openssl, folder, 'admin', '/O=system:masters/CN=admin');
  issue(openssl, folder, 'controller-manager', '/CN=system:kube-controller-manager');
  issue(openssl, folder, 'scheduler', '/CN=system:kube-scheduler');
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'service-account.key');
  openssl('ec', '-in', 'service-account.key', '-pubout', '-out', 'service-account.pub');
  const file = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  return {
    folder,
    admin: { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') },
    file,
    kubeconfig: (identity, server) => {
      const path = file(`${identity}.kubeconfig`);
      const user = {
        'client-certificate-data': base64(read(`${identity}.crt`)),
        'client-key-data': base64(read(`${identity}.key`)),
      };
      writeFileSync(path, kubeconfigOf(server, read('ca.crt'), user), { mode: 0o600 });
      return path;
    },
  };
}

/** A kubeconfig of one cluster and one user. JSON is YAML, too. */
export function kubeconfigOf(server: string, ca: string, user: Readonly<Record<string, string>>): string {
  const name = 'towpath-e2e';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const caExtensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];

function output(name: string): readonly string[] {
  return ['-keyout', `${name}.key`, '-out', `${name}.crt`];
}

function issue(
  openssl: (...args: readonly string[]) => void,
  folder: string,
  name: string,
  subject: string,
  extensions: readonly string[] = [],
): void {
  const lines = ['keyUsage=digitalSignature', 'extendedKeyUsage=serverAuth,clientAuth', ...extensions];
  writeFileSync(join(folder, `${name}.ext`), `${lines.join('\n')}\n`);
  openssl('req', '-new', ...curve, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
  const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
