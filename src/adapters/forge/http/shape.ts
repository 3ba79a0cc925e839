/** Checks that a forge's answer has the fields that are used; what it has beside them does not matter. */
import type { z } from 'zod';
import { strangeAnswer } from './failure.ts';
import type { ForgeHttp } from './http.ts';

export function shaped<Shape>(
  { server }: Pick<ForgeHttp, 'server'>,
  purpose: string,
  shape: z.ZodType<Shape>,
  body: unknown,
): Shape {
  const found = shape.safeParse(body);
  if (found.success) return found.data;
  // Paths and rules only: the values are somebody's.
  const problems = found.error.issues.slice(0, 3).map(({ path, code }) => `${path.join('.') || 'answer'}: ${code}`);
  throw strangeAnswer({ purpose, server }, `its answer is not what was expected (${problems.join('; ')})`);
}
