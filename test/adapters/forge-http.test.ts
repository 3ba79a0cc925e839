/** The client that all forges share: what it sends, follows, remembers and refuses, against a real server. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ForgeHttpSettings } from '../../src/adapters/forge/http/forge-http-settings.ts';
import { type ForgeAnswer, forgeHttp } from '../../src/adapters/forge/http/http.ts';
import { TowpathError } from '../../src/domain/failure.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const token = 'secret-token-4711';
const ask = { purpose: 'ask' };

interface Served {
  readonly url: string;
  readonly asked: IncomingMessage[];
}

async function serve(listener: RequestListener): Promise<Served> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function client(url: string, more: Partial<ForgeHttpSettings> = {}) {
  return forgeHttp({ apiUrl: `${url}/api`, token: async () => token, ...more });
}

describe('sending', () => {
  it('sends JSON with the token, and parses the answer', async () => {
    const { url, asked } = await serve((request, response) => {
      request.setEncoding('utf8');
      request.on('data', (text: string) => response.writeHead(201).end(JSON.stringify({ got: JSON.parse(text) })));
    });
    const http = client(url, { userAgent: 'towpath/1', headers: { accept: 'application/vnd.x+json' } });

    const answer = await http.post(
      '/things',
      { a: 'ü' },
      { ...ask, query: { deep: true, left: undefined, 'x y': '&' } },
    );

    expect(answer).toMatchObject({ status: 201, body: { got: { a: 'ü' } } });
    expect(asked[0]?.url).toBe('/api/things?deep=true&x+y=%26');
    expect(asked[0]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'user-agent': 'towpath/1',
      accept: 'application/vnd.x+json',
      'content-type': 'application/json',
    });
  });

  it('carries the token as the forge wants it, read anew each time', async () => {
    const { url, asked } = await serve((_, response) => response.end('{}'));
    const tokens = ['one', 'two'];
    const authorization = (text: string) => ({ 'private-token': text });
    const http = client(url, { token: async () => tokens.shift() ?? '', authorization });

    await http.get('/x', ask);
    await http.get('/x', ask);

    expect(asked.map(({ headers }) => [headers['private-token'], headers.authorization])).toEqual([
      ['one', undefined],
      ['two', undefined],
    ]);
  });

  it('asks the budget before whatever makes something, and sends nothing where that refuses', async () => {
    const { url, asked } = await serve((_, response) => response.end('{}'));
    let left = 1;
    const take = (): void => {
      left -= 1;
      if (left < 0) throw new TowpathError('waiting', 'ForgeBudget', 'Cannot ask: wait', { retryAfterMs: 5 });
    };
    const http = client(url, { budget: { take } });

    await http.get('/x', ask);
    await http.post('/query', {}, { ...ask, makesContent: false });
    await http.put('/x', {}, ask);
    await expect(http.patch('/x', {}, ask)).rejects.toMatchObject({ reason: 'ForgeBudget', retryAfterMs: 5 });
    await http.delete('/x', ask);

    expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT', 'DELETE']);
  });

  it('tells of each answer once, and of none that it ended itself', async () => {
    const { url } = await serve((request, response) => {
      if (request.url?.endsWith('/cut')) request.socket.destroy();
      else if (!request.url?.endsWith('/never')) response.writeHead(404).end('{"message":"not found"}');
    });
    const told: (number | 'error')[] = [];
    const http = client(url, { onAnswer: (code) => told.push(code) });

    await expect(http.get('/missing', ask)).rejects.toThrow();
    await expect(http.get('/cut', ask)).rejects.toThrow();
    const never = http.get('/never', ask);
    await Promise.all([expect(never).rejects.toMatchObject({ reason: 'ForgeUnreachable' }), http.dispose()]);

    expect(told).toEqual([404, 'error']);
  });

  it('tries once more after a 401 as often as the token may be renewed', async () => {
    let bad = 1;
    const { url, asked } = await serve((_, response) => {
      bad -= 1;
      response.writeHead(bad >= 0 ? 401 : 200).end('{"message":"Bad credentials"}');
    });
    const http = client(url, { onUnauthorized: (attempt) => attempt === 1 });

    expect((await http.get('/x', ask)).status).toBe(200);
    bad = 2;
    await expect(http.get('/x', ask)).rejects.toMatchObject({ kind: 'terminal', reason: 'ForgeUnauthorized' });

    expect(asked).toHaveLength(4);
  });
});

describe('redirects', () => {
  it.each(['GET', 'POST', 'PATCH'] as const)(
    'follows a renamed repository on the same host with a %s',
    async (method) => {
      const bodies: string[] = [];
      const { url, asked } = await serve((request, response) => {
        request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
        const isOld = request.url?.startsWith('/api/old');
        request.on('end', () =>
          isOld ? response.writeHead(301, { location: '/api/new?a=1' }).end() : response.end('{"at":"new"}'),
        );
      });
      const http = client(url);

      const asking = {
        GET: () => http.get('/old', ask),
        POST: () => http.post('/old', { x: 1 }, ask),
        PATCH: () => http.patch('/old', { x: 1 }, ask),
      };
      const answer = await asking[method]();

      expect(answer.body).toEqual({ at: 'new' });
      expect(asked.map((request) => `${request.method} ${request.url}`)).toEqual([
        `${method} /api/old`,
        `${method} /api/new?a=1`,
      ]);
      expect(bodies).toEqual(method === 'GET' ? [] : ['{"x":1}', '{"x":1}']);
    },
  );

  it('never goes to another host, which would learn the token', async () => {
    const other = await serve((_, response) => response.end('{}'));
    const { url } = await serve((_, response) => response.writeHead(301, { location: `${other.url}/api/x` }).end());

    await expect(client(url).get('/x', ask)).rejects.toMatchObject({
      kind: 'terminal',
      reason: 'ForgeMissing',
      message: expect.stringContaining(other.url),
    });

    expect(other.asked).toEqual([]);
  });

  it('does not go round in circles', async () => {
    const { url, asked } = await serve((_, response) => response.writeHead(302, { location: '/api/x' }).end());

    await expect(client(url).get('/x', ask)).rejects.toMatchObject({ reason: 'ForgeMissing' });

    expect(asked.length).toBeLessThan(6);
  });

  it('is not led to another host by a path either', async () => {
    const other = await serve((_, response) => response.end('{}'));
    const { url } = await serve((_, response) => response.end('{}'));

    await expect(client(url).get(`${other.url}/x`, ask)).rejects.toThrow(/it is not the forge/);

    expect(other.asked).toEqual([]);
  });
});

describe('pages', () => {
  async function read(http: ReturnType<typeof client>): Promise<unknown[]> {
    const bodies: unknown[] = [];
    for await (const { body } of http.pages('/list', { ...ask, query: { state: 'open' } })) bodies.push(body);
    return bodies;
  }

  it('follows the Link header by its query alone, whatever host it names', async () => {
    const { url, asked } = await serve((request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1);
      const link = `<https://elsewhere.example/api/list?state=open&after=a%2Cb&page=${page + 1}>; rel="next", <https://x/>; rel="last"`;
      response.writeHead(200, page < 3 ? { link } : { link: '<https://x/?page=1>; rel="prev first"' }).end(`[${page}]`);
    });

    expect(await read(client(url))).toEqual([[1], [2], [3]]);

    expect(asked[1]?.url).toBe('/api/list?state=open&after=a%2Cb&page=2');
  });

  it('follows x-next-page', async () => {
    const { url, asked } = await serve((request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1);
      response.writeHead(200, { 'x-next-page': page < 2 ? String(page + 1) : '' }).end(`[${page}]`);
    });

    expect(await read(client(url))).toEqual([[1], [2]]);

    expect(asked[1]?.url).toBe('/api/list?state=open&page=2');
  });

  it('ends where a forge names the same page for ever', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { 'x-next-page': '2' }).end('[]'));

    expect(await read(client(url))).toHaveLength(2);
  });
});

describe('unchanged answers', () => {
  it('asks by ETag, and gives what it remembers with its next page', async () => {
    let content = '["first"]';
    const { url, asked } = await serve((request, response) => {
      const etag = `W/"${content}"`;
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag, link: '<https://x/?page=2>; rel="next"' }).end(content);
    });
    const http = client(url);
    const get = (): Promise<ForgeAnswer> => http.get('/list', ask);

    const first = await get();
    const unchanged = await get();
    content = '["second"]';
    const changed = await get();

    expect([first.body, unchanged.body, changed.body]).toEqual([['first'], ['first'], ['second']]);
    expect([unchanged.status, unchanged.headers.link]).toEqual([200, '<https://x/?page=2>; rel="next"']);
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, 'W/"["first"]"', 'W/"["first"]"']);
  });

  it('keeps the answers that were used lately, and no more than five hundred', async () => {
    const { url, asked } = await serve((_, response) => response.writeHead(200, { etag: '"x"' }).end('{}'));
    const http = client(url);
    for (let index = 0; index < 500; index += 1) await http.get(`/${index}`, ask);
    await http.get('/0', ask);
    await http.get('/new', ask);
    asked.length = 0;

    await http.get('/0', ask);
    await http.get('/1', ask);

    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual(['"x"', undefined]);
  });
});

describe('budgets', () => {
  it('notes what the headers of GitHub and GitLab tell, of the core limit only', async () => {
    const answers = [
      {},
      { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4999', 'x-ratelimit-resource': 'core' },
      { 'x-ratelimit-limit': '30', 'x-ratelimit-remaining': '1', 'x-ratelimit-resource': 'search' },
      { 'ratelimit-limit': '60', 'ratelimit-remaining': '59' },
    ];
    const { url } = await serve((_, response) => response.writeHead(200, answers.shift()).end('{}'));
    const http = client(url);

    const seen = [];
    for (let index = 0; index < 4; index += 1) {
      await http.get('/x', ask);
      seen.push(http.budgets());
    }

    const core = [{ name: 'requests', limit: 5000, left: 4999 }];
    expect(seen).toEqual([[], core, core, [{ name: 'requests', limit: 60, left: 59 }]]);
  });
});

describe('broken answers', () => {
  it.each<readonly [string, string, Readonly<Record<string, string>>]>([
    ['half of the JSON', '{"a":', {}],
    ['fewer bytes than announced', '{}', { 'content-length': '100' }],
    ['a page with 200', '<!DOCTYPE html><title>Sign in</title>', { 'content-type': 'text/html; charset=utf-8' }],
    ['a page without its type', '\n<html></html>', {}],
  ])('is unreachable for now with %s', async (_, text, headers) => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, headers);
      response.write(text, () => (headers['content-length'] ? request.socket.destroy() : response.end()));
    });

    await expect(client(url).get('/x', ask)).rejects.toMatchObject({
      kind: 'transient',
      reason: 'ForgeUnreachable',
      message: expect.stringMatching(/^Cannot ask at http:\/\/127\.0\.0\.1:\d+\/api: /),
    });
  });

  it('gives up after its time', async () => {
    const { url } = await serve((_, response) => response.write('{"a":'));

    await expect(client(url, { timeoutMs: 50 }).get('/x', ask)).rejects.toMatchObject({
      kind: 'transient',
      reason: 'ForgeUnreachable',
      message: expect.stringContaining('ETIMEDOUT'),
    });
  });

  it('does not read an answer without an end', async () => {
    const { url } = await serve((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 0x20);
      const more = (): void => void response.write(chunk, (error) => error ?? more());
      more();
    });

    await expect(client(url).get('/x', ask)).rejects.toMatchObject({
      reason: 'ForgeUnreachable',
      message: expect.stringContaining('longer than 32 MiB'),
    });
  });

  it('takes an empty answer for none, and text as it is where text is asked for', async () => {
    const { url } = await serve((request, response) =>
      request.url === '/api/key' ? response.end('-----BEGIN PGP') : response.writeHead(204).end(),
    );
    const http = client(url);

    expect(await http.delete('/x', ask)).toMatchObject({ status: 204, body: null });
    expect(await http.get('/key', { ...ask, as: 'text' })).toMatchObject({ body: '-----BEGIN PGP' });
  });

  it('says neither the token nor the password in its address', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(400).end(JSON.stringify({ message: `bad ${token}, see http://me:${token}@x/` })),
    );
    const apiUrl = `${url.replace('http://', 'http://me:hunter2@')}/api`;

    const error: unknown = await forgeHttp({ apiUrl, token: async () => token })
      .get('/x', ask)
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ reason: 'ForgeInvalid' });
    expect(String(error)).not.toMatch(/secret-token|hunter2/);
  });
});
