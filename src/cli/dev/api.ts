/** The few calls that `towpath dev` makes to its own API, over HTTP like every other client. */
import type { z } from 'zod';
import { TowpathError } from '../../domain/failure.ts';

export interface Api {
  get<Answer>(path: string, answer: z.ZodType<Answer>): Promise<Answer>;
  post<Answer>(path: string, body: unknown, answer: z.ZodType<Answer>): Promise<Answer>;
}

export function apiOf(url: string, key: string, workspaceId?: string): Api {
  const headers = {
    'X-Api-Key': key,
    'Content-Type': 'application/json',
    ...(workspaceId === undefined ? {} : { 'X-Tenant-Id': workspaceId }),
  };
  const call = async <Answer>(method: string, path: string, body: unknown, answer: z.ZodType<Answer>) => {
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    if (response.ok) return answer.parse(JSON.parse(text));
    const message = `Cannot ${method} ${path}: the control plane answered ${response.status} ${text.slice(0, 300)}`;
    throw new TowpathError('terminal', 'OwnApiRefused', message);
  };
  return {
    get: (path, answer) => call('GET', path, undefined, answer),
    post: (path, body, answer) => call('POST', path, body, answer),
  };
}
