/** Where agents answer: the part of a namespace's configuration that opens them to callers outside the cluster. */
import { z } from 'zod';
import { oneOf, rule } from './configuration-rules.ts';
import { AnnotationKey, HostName, NamespaceName, ObjectName } from './identifiers.ts';

const hostRule = rule((value: { host?: string | undefined; hostSuffix?: string | undefined }) =>
  oneOf(value, ['host', 'hostSuffix'], 'where agents answer'),
);

const closedPaths = z
  .array(z.string().regex(/^(?:\/[A-Za-z0-9._~-]+)+$/, 'expected something like /metrics'))
  .max(20)
  .default([])
  .describe(
    'paths that are answered with 404 instead of being let through, such as /metrics and /docs, for which the server asks no key',
  );

export const Route = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z
    .strictObject({
      kind: z.literal('ingress'),
      host: HostName.optional().describe('one host, a path prefix a deployment'),
      hostSuffix: HostName.optional().describe('a host a deployment: <resource name>.<hostSuffix>'),
      className: ObjectName.optional().describe('the Ingress class'),
      annotations: z.record(AnnotationKey, z.string()).default({}).describe('put on the Ingress'),
      tls: z
        .strictObject({ secretName: ObjectName.optional().describe('holds the certificate') })
        .optional()
        .describe('present: https'),
    })
    .check(hostRule),
  z
    .strictObject({
      kind: z.literal('gateway'),
      host: HostName.optional(),
      hostSuffix: HostName.optional(),
      parent: z.strictObject({
        name: ObjectName.describe('the Gateway'),
        namespace: NamespaceName.optional().describe('its namespace, where it is another one'),
        sectionName: z.string().optional().describe('one of its listeners'),
      }),
      tls: z.boolean().default(true).describe('whether the URL that is reported begins with https'),
      requestTimeout: z
        .string()
        .regex(/^(?:gateway|(?:[0-9]{1,5}(?:h|m|s|ms)){1,4})$/, 'expected something like 10m, 0s for none, or gateway')
        .default('0s')
        .describe(
          'how long a request may take; 0s: as long as it takes, since runs stream and are waited for; gateway: its own, often 15s',
        ),
      closedPaths,
    })
    .check(hostRule),
  z
    .strictObject({
      kind: z.literal('istio'),
      host: HostName.optional(),
      hostSuffix: HostName.optional(),
      gateway: z
        .string()
        .regex(/^(?:[a-z0-9-]+\/)?[a-z0-9][a-z0-9.-]*$/, 'expected <namespace>/<name>')
        .describe('<namespace>/<name> of the Istio Gateway'),
      tls: z.boolean().default(true),
      closedPaths,
    })
    .check(hostRule),
]);
export type Route = z.infer<typeof Route>;
