/** Where the values of secrets live: in the cluster, sealed in git, or in a store of the user's. Never plain in git. */
import { z } from 'zod';
import { type Objection, oneOf, rule } from './configuration-rules.ts';
import { Duration } from './duration.ts';
import { EnvironmentName, ObjectName } from './identifiers.ts';

const key = {
  keyFile: z.string().min(1).optional().describe('32 bytes, raw or 64 hex digits: Secret names and database passwords'),
  keyEnv: EnvironmentName.optional().describe('environment variable that holds the key'),
};

const Cluster = z.strictObject({
  mode: z.literal('cluster').default('cluster').describe('Secrets are in the cluster and never in git'),
  ...key,
});

const SealedSecrets = z.strictObject({
  mode: z.literal('sealed-secrets').describe('SealedSecrets, which Bitnami’s controller opens in the cluster'),
  ...key,
  certificateFile: z.string().min(1).describe('PEM of the controller’s certificate: kubeseal --fetch-cert'),
  scope: z
    .enum(['strict', 'namespace-wide', 'cluster-wide'])
    .default('strict')
    .describe('where a sealed value may be opened'),
});

const Sops = z
  .strictObject({
    mode: z.literal('sops').describe('encrypted for age recipients; Flux decrypts them, Argo CD does not'),
    ...key,
    recipients: z
      .array(z.string().regex(/^age1[0-9a-z]{58}$/, 'expected an age recipient (age1…)'))
      .default([])
      .describe('age public keys'),
    recipientsFile: z.string().min(1).optional().describe('file with one age public key a line'),
    decryptionSecret: ObjectName.default('sops-age').describe(
      'Secret with the age key that Flux decrypts with, in the namespace of the Kustomizations',
    ),
  })
  .check(rule(recipientObjections));

const ExternalSecrets = z.strictObject({
  mode: z.literal('external-secrets').describe('ExternalSecrets that refer to a store of yours'),
  ...key,
  store: z.strictObject({
    kind: z.enum(['SecretStore', 'ClusterSecretStore']).default('SecretStore').describe('kind of the store'),
    name: ObjectName.describe('its name'),
  }),
  refreshInterval: Duration.prefault('1h').describe('how often the store is asked'),
  database: z
    .strictObject({
      key: z.string().min(1).describe('of the passwords in the store; {name} stands for the resource name'),
      property: z.string().min(1).optional().describe('the field in it'),
    })
    .optional()
    .describe('where the databases’ passwords are; absent: databases must be external'),
});

export const Secrets = z
  .discriminatedUnion('mode', [Cluster, SealedSecrets, Sops, ExternalSecrets])
  .check(rule((value) => oneOf(value, ['keyFile', 'keyEnv'])));
export type Secrets = z.infer<typeof Secrets>;

type Recipients = { readonly recipients: readonly string[]; readonly recipientsFile?: string | undefined };

function recipientObjections({ recipients, recipientsFile }: Recipients): Objection[] {
  const named = recipients.length > 0;
  if (named && recipientsFile)
    return [{ path: ['recipientsFile'], message: 'say either recipients or recipientsFile' }];
  if (named || recipientsFile) return [];
  return [{ path: ['recipients'], message: 'name the age recipients by recipients or recipientsFile' }];
}

interface SealedNamespace {
  readonly engine: string;
  readonly secrets: { readonly mode: string };
}

/** Argo CD applies what lies in git as it is: a file that sops encrypted would become a Secret of cipher text. */
export function sopsObjections({ engine, secrets }: SealedNamespace): Objection[] {
  if (secrets.mode !== 'sops' || engine !== 'argo-cd') return [];
  const message = 'sops cannot be used with Argo CD, which does not decrypt; use sealed-secrets or external-secrets';
  return [{ path: ['secrets', 'mode'], message }];
}
