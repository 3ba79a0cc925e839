/** Where agents answer: the part of a namespace's configuration that opens them to callers outside the cluster. */
import { z } from 'zod';
import { oneOf, rule } from './configuration-rules.ts';
import { NamespaceName, ObjectName } from './identifiers.ts';

const hostRule = rule((value: { host?: string | undefined; hostSuffix?: string | undefined }) =>
  oneOf(value, ['host', 'hostSuffix'], 'where agents answer'),
);

export const Route = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z
    .strictObject({
      kind: z.literal('ingress'),
      host: z.string().optional().describe('one host, a path prefix a deployment'),
      hostSuffix: z.string().optional().describe('a host a deployment: <resource name>.<hostSuffix>'),
      className: z.string().optional().describe('the Ingress class'),
      annotations: z.record(z.string(), z.string()).default({}).describe('put on the Ingress'),
      tls: z
        .strictObject({ secretName: ObjectName.optional().describe('holds the certificate') })
        .optional()
        .describe('present: https'),
    })
    .check(hostRule),
  z
    .strictObject({
      kind: z.literal('gateway'),
      host: z.string().optional(),
      hostSuffix: z.string().optional(),
      parent: z.strictObject({
        name: ObjectName.describe('the Gateway'),
        namespace: NamespaceName.optional().describe('its namespace, where it is another one'),
        sectionName: z.string().optional().describe('one of its listeners'),
      }),
      tls: z.boolean().default(true).describe('whether the URL that is reported begins with https'),
    })
    .check(hostRule),
  z
    .strictObject({
      kind: z.literal('istio'),
      host: z.string().optional(),
      hostSuffix: z.string().optional(),
      gateway: z.string().describe('<namespace>/<name> of the Istio Gateway'),
      tls: z.boolean().default(true),
    })
    .check(hostRule),
]);
export type Route = z.infer<typeof Route>;
