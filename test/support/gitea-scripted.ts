/** Gitea's adapter against a server that answers by a script: what a real Gitea does not show on demand. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { giteaForge } from '../../src/adapters/forge/gitea/forge.ts';
import { forgeHttp } from '../../src/adapters/forge/http/http.ts';
import type { Forge } from '../../src/ports.ts';
import { type MemoryLog, memoryLog } from './memory-log.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
type Routes = Readonly<Record<string, (query: URLSearchParams, body: unknown) => Answer>>;

interface Scripted {
  readonly forge: Forge;
  readonly log: MemoryLog;
  readonly asked: string[];
}

/** By `METHOD /path` below the repository, or below the API with `//`; whatever is not named is not found. */
export async function scriptedGitea(routes: Routes, now?: () => Date): Promise<Scripted> {
  const asked: string[] = [];
  const server = createServer(async (incoming, response) => {
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://x');
    const below = pathname.replace('/api/v1', '/').replace('//repos/o%20x/r', '');
    asked.push(`${incoming.method} ${below}`);
    const answer = routes[`${incoming.method} ${below}`]?.(searchParams, text === '' ? null : JSON.parse(text));
    const { status = 200, headers = {}, body = null } = answer ?? { status: 404, body: { message: 'not found' } };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  const http = forgeHttp({ apiUrl: url, token: async () => 'token' });
  onTestFinished(async () => {
    await http.dispose();
    server.closeAllConnections();
    server.close();
  });
  const log = memoryLog();
  return { forge: giteaForge({ http, repository: 'o x/r', base: 'main', log, now }), log, asked };
}

/** As Gitea 1.26 shows one, less what is not read. */
export function shape(number: number, more: object = {}) {
  const [head, base] = ['1', '2'].map((digit) => digit.repeat(40));
  return {
    ...{ number, html_url: `https://git.example.com/o/r/pulls/${number}`, title: `title ${number}`, body: '' },
    ...{ labels: [], state: 'open', draft: false, merged: false, mergeable: true, merge_base: base },
    ...{ merge_commit_sha: null, merged_by: null, closed_at: null },
    head: { label: `towpath/${number}`, ref: `towpath/${number}`, sha: head, repo_id: 7 },
    base: { label: 'main', ref: 'main', sha: base, repo_id: 7 },
    ...{ created_at: '2026-03-01T12:00:00+01:00', updated_at: '2026-03-01T12:00:00Z' },
    ...more,
  };
}

export const closedShape = (number: number, minute: number, more: object = {}) => {
  const at = `2026-03-01T12:${String(minute).padStart(2, '0')}:00Z`;
  return shape(number, { state: 'closed', closed_at: at, updated_at: at, ...more });
};
