/** The options of `towpath bootstrap`. */

export interface BootstrapOptions {
  readonly config: string;
  readonly output?: string;
  readonly apply?: true;
  readonly forceConflicts?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface BootstrapArgoCdOptions extends BootstrapOptions {
  readonly server: string;
  readonly gpgKey?: readonly string[];
  readonly signatureKeys?: true;
  readonly verifySignatures?: true;
}

export interface BootstrapFluxOptions extends BootstrapOptions {
  readonly verifySecret?: string;
  readonly verifySignatures?: true;
}
