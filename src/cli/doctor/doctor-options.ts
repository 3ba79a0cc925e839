/** The options of `towpath doctor`. */

export interface DoctorOptions {
  readonly config: string;
  readonly json?: true;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly as?: string;
}
