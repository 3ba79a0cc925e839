/** One thing that is wrong with what was asked for or rendered; findings are gathered, never thrown one by one. */

export interface Finding {
  /** The file, or the field of the specification (`resource_spec.labels`), that is meant. */
  readonly path: string;
  /** 1-based; null where a line says nothing. */
  readonly line: number | null;
  /** JSON pointer inside the object, or null. */
  readonly pointer: string | null;
  /** What is wrong and what to do; never a secret's value. */
  readonly message: string;
}

/** `api.deployment.yaml:12 /spec/replicas: expected a number`. */
export function describeFinding(finding: Finding): string {
  const line = finding.line === null ? '' : `:${finding.line}`;
  const pointer = finding.pointer === null || finding.pointer === '' ? '' : ` ${finding.pointer}`;
  return `${finding.path}${line}${pointer}: ${finding.message}`;
}
