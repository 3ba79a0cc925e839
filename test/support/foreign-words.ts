/** Words of libraries, of the system and of the language, which no message to a user may hold. */
const foreignWords: readonly RegExp[] = [
  /\bundefined\b|\bNaN\b|\[object |(?<!found )\bnull\b/,
  // zod
  /Invalid (?:input|string|key|option|URL)|must match pattern|Too (?:small|big)|Unrecognized key|, received /i,
  // OpenSSL and undici
  /error:[0-9A-F]{6,}|::|\bERR_[A-Z_]+\b(?!\))|getaddrinfo|routines/,
  // PGlite's WASM, V8, Node
  /Aborted\(|sASSERTIONS|Unexpected token|in JSON at|is not a function|Cannot read propert|is not iterable/,
  /\b(?:ENOENT|EISDIR|EACCES|ENOTDIR|EEXIST|EINVAL|ENAMETOOLONG)\b|no such file or directory|illegal operation/,
  // Stacks
  /^\s+at .*:\d+/m,
];

/** What a user has written may be quoted. */
export function foreignIn(quoting: string): readonly string[] {
  const text = quoting.replaceAll('"undefined"', '');
  return foreignWords.flatMap((words) => words.exec(text)?.[0] ?? []);
}
