/** Ids and names, each with the grammar that lets it in; what does not fit is refused, never bent into shape. */
import { z } from 'zod';
import type { Brand } from './brand.ts';

export type WorkspaceId = Brand<'WorkspaceId'>;
export type ListenerId = Brand<'ListenerId'>;
export type DeploymentId = Brand<'DeploymentId'>;
export type RevisionId = Brand<'RevisionId'>;
export type NamespaceName = Brand<'NamespaceName'>;
export type DeploymentName = Brand<'DeploymentName'>;
/** A git commit's 40 hex digits. */
export type CommitId = Brand<'CommitId'>;
/** The 40 hex digits of a blob. */
export type BlobId = Brand<'BlobId'>;

const uuid = <Id>() => z.guid().transform((text) => text.toLowerCase() as Id);

export const WorkspaceId = uuid<WorkspaceId>();
export const ListenerId = uuid<ListenerId>();
export const DeploymentId = uuid<DeploymentId>();
export const RevisionId = uuid<RevisionId>();

/** RFC 1123 label: what Kubernetes demands of a namespace, and we of a deployment. */
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain: Secrets, ConfigMaps, ServiceAccounts and most other names. */
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

export const NamespaceName = z
  .string()
  .regex(dnsLabel, 'expected a Kubernetes namespace: lower-case letters, digits and "-", at most 63 characters')
  .meta({ maxLength: 63 })
  .transform((text) => text as NamespaceName);

export const DeploymentName = z
  .string()
  .regex(
    dnsLabel,
    'expected lower-case letters, digits and "-", beginning and ending with a letter or digit, at most 63 characters',
  )
  .meta({ maxLength: 63 })
  .transform((text) => text as DeploymentName);

/** The name of a Kubernetes object that is not a label: Secret, ConfigMap, ServiceAccount, claim. */
export const ObjectName = z
  .string()
  .regex(dnsSubdomain, 'expected a Kubernetes object name: lower-case letters, digits, "-" and ".", at most 253')
  .meta({ maxLength: 253 });

/** Where something answers, without a port. */
export const HostName = z
  .string()
  .regex(dnsSubdomain, 'expected a host name such as agents.example.com: lower-case letters, digits, "-" and "."');

/** The key of a label or an annotation: a name, or `prefix/name`. */
export const AnnotationKey = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    'expected the name of an annotation, such as nginx.ingress.kubernetes.io/proxy-read-timeout',
  );

/** A key inside a Secret or ConfigMap. */
export const SecretKey = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, 'expected letters, digits, "-", "_" and "."');

/** An environment variable that every shell and container runtime can set. */
export const EnvironmentName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected letters, digits and "_", not beginning with a digit');

export const CommitId = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'expected all 40 hex digits of a commit')
  .meta({ maxLength: 40 })
  .transform((text) => text as CommitId);
