/** The HTTP transport against servers that behave in every way that servers do. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { HttpTransport, type HttpTransportOptions } from '../../src/git/http-transport.ts';
import { packet } from '../../src/git/pkt-line.ts';
import { type Credentials, type Transport, TransportError } from '../../src/git/transport.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const advertisementType = 'application/x-git-upload-pack-advertisement';
const resultType = 'application/x-git-upload-pack-result';
const capabilities = Buffer.concat([packet('version 2\n'), packet('fetch=filter\n'), Buffer.from('0000')]);
const servers: Server[] = [];
const transports: Transport[] = [];

afterAll(async () => {
  for (const transport of transports) await transport.close();
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

async function serve(handle: Handler): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/team/a.git`;
}

async function connect(handle: Handler, options: Partial<HttpTransportOptions> = {}): Promise<HttpTransport> {
  const transport = new HttpTransport({ url: await serve(handle), ...options });
  transports.push(transport);
  return transport;
}

function answer(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'Content-Type': type });
  response.end(body);
}

async function read(chunks: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read).toString();
}

async function failure(action: Promise<unknown>): Promise<TransportError> {
  const error = await action.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(TransportError);
  return error as TransportError;
}

describe('HttpTransport', () => {
  it('asks for version 2 and takes off the line that HTTP adds', async () => {
    const seen: IncomingMessage[] = [];
    const transport = await connect((request, response) => {
      seen.push(request);
      const line = Buffer.concat([packet('# service=git-upload-pack\n'), Buffer.from('0000')]);
      answer(response, advertisementType, Buffer.concat([line, capabilities]));
    });

    expect(await transport.advertise('git-upload-pack')).toEqual(capabilities);
    expect(seen[0]?.url).toBe('/team/a.git/info/refs?service=git-upload-pack');
    expect(seen[0]?.headers['git-protocol']).toBe('version=2');
  });

  it('sends a request of many pieces with its length, and yields the answer', async () => {
    const transport = await connect((request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => answer(response, resultType, `${bytes} ${request.headers['content-length']}`));
    });
    const big = Buffer.alloc(3 * 1024 ** 2);

    expect(await read(transport.request('git-upload-pack', [Buffer.from('ab'), Buffer.from('c')]))).toBe('3 3');
    expect(await read(transport.request('git-upload-pack', [Buffer.from('ab'), big]))).toBe(
      `${big.length + 2} ${big.length + 2}`,
    );
  });

  it.each<[string, Credentials, string]>([
    ['basic', { kind: 'basic', username: 'tow', password: 'pä:th' }, `Basic ${btoa('tow:pÃ¤:th')}`],
    ['bearer', { kind: 'bearer', token: 'token-1' }, 'Bearer token-1'],
  ])('sends %s credentials at once', async (_name, credentials, expected) => {
    const seen: (string | undefined)[] = [];
    const handle: Handler = (request, response) => {
      seen.push(request.headers.authorization);
      answer(response, advertisementType, capabilities);
    };
    const transport = await connect(handle, { credentials: async () => credentials });

    await transport.advertise('git-upload-pack');

    expect(seen).toEqual([expected]);
  });

  it('asks for credentials once more when they were refused, then gives up without naming them', async () => {
    const tokens = ['old-secret', 'new-secret'];
    const asked: (Credentials | null)[] = [];
    const credentials = async (rejected: Credentials | null): Promise<Credentials> => {
      asked.push(rejected);
      return { kind: 'bearer', token: tokens[rejected ? 1 : 0] ?? '' };
    };
    let accepted = 'Bearer new-secret';
    const handle: Handler = (request, response) => {
      if (request.headers.authorization === accepted) return answer(response, advertisementType, capabilities);
      response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end();
    };
    const transport = await connect(handle, { credentials });

    await transport.advertise('git-upload-pack');
    expect(asked).toEqual([null, { kind: 'bearer', token: 'old-secret' }]);

    accepted = 'nobody';
    const error = await failure(transport.advertise('git-upload-pack'));
    expect(error.failure).toBe('auth');
    expect(JSON.stringify([error.message, error.stack])).not.toMatch(/secret/);
  });

  it.each([
    [401, {}, 'auth'],
    [403, {}, 'denied'],
    [404, {}, 'missing'],
    [413, {}, 'denied'],
    [418, {}, 'unusable'],
    [429, { 'Retry-After': '7' }, 'unreachable'],
    [500, {}, 'unreachable'],
    [503, { 'Retry-After': '7' }, 'unreachable'],
  ])('classes status %i', async (status, headers, expected) => {
    const transport = await connect((_request, response) => {
      response.writeHead(status, { 'Content-Type': 'text/plain', ...headers }).end('the reason\nand more');
    });

    const error = await failure(transport.advertise('git-upload-pack'));

    expect(error.failure).toBe(expected);
    expect(error.message).toContain(`HTTP ${status}: the reason; and more`);
    expect(error.askedWait?.retryAfter).toBe('Retry-After' in headers ? '7' : undefined);
  });

  it('says so when a web page answers', async () => {
    const transport = await connect((_request, response) => answer(response, 'text/html', '<html>log in</html>'));

    const error = await failure(transport.advertise('git-upload-pack'));

    expect(error.failure).toBe('unusable');
    expect(error.message).toContain('text/html');
  });

  it('says so when what answers only claims to be git', async () => {
    const transport = await connect((_request, response) => answer(response, advertisementType, '<html>'));

    expect((await failure(transport.advertise('git-upload-pack'))).failure).toBe('unusable');
  });

  it('follows a redirect on the same server, and stays there', async () => {
    const seen: (string | undefined)[] = [];
    const transport = await connect((request, response) => {
      seen.push(request.url);
      if (!request.url?.startsWith('/new/')) response.writeHead(301, { Location: `/new${request.url}` }).end();
      else answer(response, request.method === 'GET' ? advertisementType : resultType, capabilities);
    });

    await transport.advertise('git-upload-pack');
    await read(transport.request('git-upload-pack', [Buffer.from('x')]));

    expect(seen).toEqual([
      '/team/a.git/info/refs?service=git-upload-pack',
      '/new/team/a.git/info/refs?service=git-upload-pack',
      '/new/team/a.git/git-upload-pack',
    ]);
  });

  it('gives credentials to no other server', async () => {
    const seen: string[] = [];
    const other = await serve((request, response) => {
      seen.push(request.url ?? '');
      answer(response, advertisementType, capabilities);
    });
    const handle: Handler = (request, response) => {
      response.writeHead(302, { Location: `${new URL(other).origin}${request.url}` }).end();
    };
    const transport = await connect(handle, { credentials: async () => ({ kind: 'bearer', token: 'secret' }) });

    const error = await failure(transport.advertise('git-upload-pack'));

    expect(error.failure).toBe('unusable');
    expect(error.message).toContain(new URL(other).origin);
    expect(seen).toEqual([]);
  });

  it('does not run in circles', async () => {
    const transport = await connect((request, response) => {
      const path = request.url?.startsWith('/x') ? request.url.slice(2) : `/x${request.url}`;
      response.writeHead(302, { Location: path }).end();
    });

    expect((await failure(transport.advertise('git-upload-pack'))).message).toContain('redirected more than');
  });

  it('throws when an answer is cut short, too long, or never comes', async () => {
    const cut = await connect((_request, response) => {
      response.writeHead(200, { 'Content-Type': resultType, 'Content-Length': '100' });
      response.write('half');
      setImmediate(() => response.socket?.destroy());
    });
    expect((await failure(read(cut.request('git-upload-pack', [])))).failure).toBe('unreachable');

    const long: Handler = (_request, response) => answer(response, resultType, Buffer.alloc(5000));
    const limited = await connect(long, { maxAnswerBytes: 4000 });
    expect((await failure(read(limited.request('git-upload-pack', [])))).message).toContain('longer than 4000');

    const silent = await connect(() => {}, { timeoutMs: 50 });
    expect((await failure(silent.advertise('git-upload-pack'))).failure).toBe('unreachable');
  });

  it.each([
    ['an answer', 200, resultType],
    ['a refusal', 503, 'text/plain'],
    ['a redirect', 302, 'text/plain'],
  ])('gives %s up that only drips', async (_what, status, type) => {
    const drips = new Set<NodeJS.Timeout>();
    const transport = await connect(
      (_request, response) => {
        response.writeHead(status, { 'Content-Type': type, Location: 'https://other.example/git-upload-pack' });
        const drip = setInterval(() => response.write('0'), 5);
        drips.add(drip);
        response.on('close', () => drips.delete(drip) && clearInterval(drip));
      },
      { timeoutMs: 40 },
    );

    const error = await failure(read(transport.request('git-upload-pack', [])));

    expect(error.failure).toBe(status === 302 ? 'unusable' : 'unreachable');
    await expect.poll(() => drips.size).toBe(0);
  });

  it('can be cancelled', async () => {
    const transport = await connect(() => {});
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);

    const error = await failure(transport.advertise('git-upload-pack', controller.signal));

    expect(error).toMatchObject({ failure: 'unreachable', message: 'the request was cancelled' });
  });

  it('reads again where the server closed an idle connection, but never writes twice', async () => {
    let calls = 0;
    const transport = await connect((request, response) => {
      calls++;
      if (calls % 2 === 1) request.socket.destroy();
      else answer(response, resultType, 'fine');
    });

    expect(await read(transport.request('git-upload-pack', [Buffer.from('x')]))).toBe('fine');
    expect(calls).toBe(2);
    const error = await failure(read(transport.request('git-receive-pack', [Buffer.from('x')])));
    expect(error.failure).toBe('unreachable');
    expect(calls).toBe(3);
  });

  it('says that nobody listens', async () => {
    const transport = new HttpTransport({ url: 'http://user:pass@127.0.0.1:1/x.git/' });
    transports.push(transport);

    const error = await failure(transport.advertise('git-upload-pack'));

    expect(error).toMatchObject({ failure: 'unreachable', message: 'nothing listens at that address' });
    expect(transport.url).toBe('http://127.0.0.1:1/x.git');
  });
});
