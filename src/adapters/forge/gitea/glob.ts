/** Gitea's and Forgejo's patterns for the checks that a base demands: `ci/*`, `build (?)`, `{lint,test}`, `[!a-c]x`. */

const literals = /[.+^$()|]/;

/** Null: neither of them can read it, and then it demands nothing. */
export function globPattern(glob: string): RegExp | null {
  let inside = 0;
  const parts = [...glob.matchAll(/\\(.)|\[(!?)((?:\\.|[^\]\\])*)\]|[\s\S]/g)].map(
    ([whole, escaped, negated, characters]) => {
      if (escaped !== undefined) return escaped.replace(/\W/, '\\$&');
      if (characters !== undefined) return `[${negated === '!' ? '^' : ''}${characters}]`;
      if (whole === '*') return '.*';
      if (whole === '?') return '.';
      if (whole === '{') inside += 1;
      if (whole === '{') return '(?:';
      if (whole === ',' && inside > 0) return '|';
      if (whole !== '}' || inside === 0) return literals.test(whole) || whole === '}' ? `\\${whole}` : whole;
      inside -= 1;
      return ')';
    },
  );
  try {
    return new RegExp(`^${parts.join('')}$`, 's');
  } catch {
    return null;
  }
}
