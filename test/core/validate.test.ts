/** Validation of rendered files: what is right passes, and everything that is wrong is named with file and line. */
import { describe, expect, it } from 'vitest';
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import { compileSchemas } from '../../src/core/manifest-schemas.ts';
import { validateDeployment } from '../../src/core/validate.ts';
import { validationContext } from '../../src/core/validation-context.ts';
import { describeFinding } from '../../src/domain/finding.ts';
import { sampleFiles, sampleInput } from '../support/hand-written-deployment.ts';

const schemas = compileSchemas(readSchemaCatalogue());

describe('a deployment that is right', () => {
  it('passes for the oldest and the newest Kubernetes', () => {
    expect(complaints(sampleFiles())).toEqual([]);
  });
});

function complaints(files: ReturnType<typeof sampleFiles>, input = sampleInput()): string[] {
  return validateDeployment(files, validationContext(input), schemas).map(describeFinding);
}
