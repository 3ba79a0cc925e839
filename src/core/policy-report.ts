/** The words that the parts of the policy share. */
import { parseImageReference } from '../domain/image-reference.ts';

/** Says that something is wrong with a field; findings are gathered, never thrown. */
export type Report = (path: string, message: string) => void;

/** Why a Secret may not be named by a client, or null. */
export type SecretRule = (name: unknown) => string | null;

export function checkImage(report: Report, path: string, image: string): void {
  if (parseImageReference(image) === null) {
    report(path, 'is no image reference; expected one such as registry.example/team/app:1.0 or …@sha256:…');
  }
}
