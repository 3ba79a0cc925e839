/** Which names of branches git cannot keep side by side: a branch is a file to it, and a file is no folder. */

/** The branch that keeps `name` from being made; null: none does, or it is there itself. */
export function branchInTheWay(name: string, existing: readonly string[]): string | null {
  if (existing.includes(name)) return null;
  return existing.find((other) => name.startsWith(`${other}/`) || other.startsWith(`${name}/`)) ?? null;
}
