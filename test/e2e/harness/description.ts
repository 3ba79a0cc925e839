/** What a test is told about the running cluster; plain data, so that it can cross from process to process. */
import type { GitAddress } from './git.ts';

export interface ClusterDescription {
  readonly kind: 'own' | 'existing';
  /** The administrator's. */
  readonly kubeconfig: string;
  readonly git: GitAddress;
  readonly argoCd: {
    readonly namespace: string;
    readonly url: string;
    readonly webhookSecret: string;
    /** Where its public keys lie; empty where a volume brings them from the ConfigMap. */
    readonly keyFolder: string;
  };
  readonly flux: { readonly namespace: string };
  /** One log a program. */
  readonly logs: string;
  /** Name of a built program to its path; `kustomize`, `helm` and `argocd` are of use to tests. */
  readonly programs: Readonly<Record<string, string>>;
  readonly control: { readonly url: string; readonly token: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterDescription;
  }
}
