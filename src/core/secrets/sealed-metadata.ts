/** Metadata of the object that stands for a Secret in git. */
import type { PlainSecret } from '../../domain/plain-secret.ts';

/** Every object of a folder says which component it is; the Secret that comes of it bears the labels as they are. */
export function sealedMetadata({ namespace, name, labels }: Omit<PlainSecret, 'values'>) {
  return { name, namespace, labels: { ...labels, 'app.kubernetes.io/component': 'secret' } };
}
