/** Lengths of time as people write them. */
import { z } from 'zod';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const longestMs = 365 * 86_400_000;

/** `500ms`, `10s`, `5m`, `1h`, `2d` to milliseconds. */
export const Duration = z
  .string()
  .regex(/^[1-9][0-9]*(?:ms|s|m|h|d)$/, 'expected a duration such as 500ms, 10s, 5m, 1h or 2d')
  .transform((text) => Number.parseInt(text, 10) * (units[text.replace(/^[0-9]+/, '')] ?? Number.NaN))
  .refine((ms) => ms <= longestMs, 'expected at most 365d');

/** Milliseconds as Go, and so Flux and Kubernetes, writes them: `600s`, `1500ms`. */
export function goDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
