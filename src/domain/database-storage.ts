/** The size of the volume of a deployment's own database: Kubernetes lets nobody change it once it is laid down. */
import type { ResourceSpec } from './resource-spec.ts';

/** LangSmith's own default. */
const defaultStorageGi = 10;

export function databaseStorageGi(spec: Pick<ResourceSpec, 'db_storage_gi'>): number {
  return spec.db_storage_gi ?? defaultStorageGi;
}

/** What to do instead of another `db_storage_gi`. */
export function storageAdvice(laidDownGi: number): string {
  return (
    `leave db_storage_gi at ${laidDownGi}; to grow the volume, raise spec.resources.requests.storage of its ` +
    'PersistentVolumeClaim itself (kubectl patch pvc), where the StorageClass allows it; to shrink it, make a new deployment and move the data'
  );
}
