/** Kubernetes quantities as numbers that can be compared: `500m`, `2`, `4Gi`, `1e3`. */

const grammar = /^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Null when the value is no quantity. */
export function parseQuantity(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.length > 64) return null;
  const match = grammar.exec(value);
  if (!match?.[1]) return null;
  const suffix = match[2] ?? '';
  const number = Number(match[1]);
  if (suffix === '') return number;
  return number * (suffixes[suffix] ?? Number(`1${suffix}`));
}

/** What may stand in requests and limits: no quantity below nothing. */
export function isQuantity(text: string): boolean {
  const quantity = parseQuantity(text);
  return quantity !== null && quantity >= 0;
}
