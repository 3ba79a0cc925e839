/** Which images may be deployed. */
import { parseImageReference } from '../../domain/image-reference.ts';
import { Refusal } from '../refusal.ts';
import { quote } from './environment.ts';

export interface Image {
  readonly uri: string;
  /** The tag; null where the image is named by digest only. */
  readonly version: string | null;
}

export function checkImage(uri: string): Image {
  const reference = parseImageReference(uri);
  if (!reference) {
    throw new Refusal(
      400,
      `Cannot use ${quote(uri)} as source_revision_config.image_uri: expected [registry/]repository[:tag][@sha256:<64 hex>]`,
    );
  }
  return { uri, version: reference.tag };
}
