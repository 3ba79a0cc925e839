/** The words that the parts of the policy share. */
import { ObjectName } from '../../domain/identifiers.ts';
import { parseImageReference } from '../../domain/image-reference.ts';
import { fieldAt } from '../../domain/object-fields.ts';

/** Says that something is wrong with a field; findings are gathered, never thrown. */
export type Report = (path: string, message: string) => void;

/** Why a Secret may not be named by a client, or null. */
export type SecretRule = (name: unknown) => string | null;

export function checkImage(report: Report, path: string, image: string): void {
  if (parseImageReference(image) === null) {
    report(path, 'is no image reference; expected one such as registry.example/team/app:1.0 or …@sha256:…');
  }
}

/** A reference to a ConfigMap, where there is one. */
export function checkConfigMap(report: Report, path: string, reference: unknown): void {
  if (reference === undefined || reference === null) return;
  if (!ObjectName.safeParse(fieldAt(reference, 'name')).success)
    report(`${path}.name`, 'expected the name of a ConfigMap');
}
