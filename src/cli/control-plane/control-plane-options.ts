/** The options of `towpath control-plane` and its commands. */
import type { LogOptions } from '../options.ts';

export interface DatabaseOptions {
  readonly databaseUrl?: string;
  readonly data: string;
  readonly encryptionKeyFile?: string;
  readonly oldEncryptionKeyFile?: readonly string[];
}

export interface ControlPlaneOptions extends DatabaseOptions, LogOptions {
  readonly host: string;
  readonly port: number;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly monitoringPort?: number;
  readonly monitoringHost?: string;
  readonly extension: boolean;
  readonly requestsPerSecond: number;
}
