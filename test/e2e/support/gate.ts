/** Stands between a listener and its forge, and lets something happen right before one chosen request goes through. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gate {
  /** `http://127.0.0.1:<port>`: the same paths as the server behind it. */
  readonly url: string;
  /**
   * The nth request from now on whose `METHOD /path` fits is held until `act` is done, and goes through then, whether or
   * not whoever sent it still lives. Resolves when `act` is done.
   */
  before(fits: RegExp, act: () => Promise<unknown>, nth?: number): Promise<void>;
  /** The next request that fits reaches the server twice at one moment, as of two processes; the first answer counts. */
  double(fits: RegExp): void;
  close(): Promise<void>;
}

interface Guard {
  readonly fits: RegExp;
  left: number;
  /** Before the request goes on; answers how often it does. */
  run(): Promise<1 | 2>;
}

/** Words for `Gate.before`: what git pushes, and what the forge's API is asked for. */
export const gitPush = /^POST \/.*\/git-receive-pack$/;
export const opening = /^POST \/api\/v1\/repos\/[^/]+\/[^/]+\/pulls$/;
export const describing = /^PATCH \/api\/v1\/repos\/[^/]+\/[^/]+\/pulls\/\d+$/;

export async function startGate(target: string): Promise<Gate> {
  const guards = new Set<Guard>();
  const server = createServer((asked, answer) => {
    void (async () => {
      // The whole of it first: what was sent counts as sent, even where its sender is killed now.
      const body = Buffer.concat(await asked.toArray());
      const times = await guardOf(guards, `${asked.method} ${(asked.url ?? '').replace(/\?.*/, '')}`)?.run();
      const other = times === 2 ? send(target, asked, body) : null;
      forward(await send(target, asked, body), asked, answer);
      (await other)?.resume();
    })().catch(() => asked.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    before: (fits, act, nth = 1) =>
      new Promise((resolve, reject) => {
        const run = async () => {
          await act().then(() => resolve(), reject);
          return 1 as const;
        };
        guards.add({ fits, left: nth, run });
      }),
    double: (fits) => void guards.add({ fits, left: 1, run: async () => 2 }),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Each guard counts for itself; the first whose turn it is has the word, once. */
function guardOf(guards: Set<Guard>, asked: string): Guard | undefined {
  for (const guard of guards) {
    if (!guard.fits.test(asked)) continue;
    guard.left -= 1;
    if (guard.left > 0) continue;
    guards.delete(guard);
    return guard;
  }
  return undefined;
}

async function send(target: string, asked: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { host: _host, 'transfer-encoding': _coding, ...headers } = asked.headers;
  const onward = request(new URL(asked.url ?? '/', target), {
    method: asked.method ?? 'GET',
    headers: { ...headers, host: new URL(target).host, 'content-length': body.length },
  });
  onward.end(body);
  const [behind] = (await once(onward, 'response')) as [IncomingMessage];
  return behind;
}

function forward(behind: IncomingMessage, asked: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(behind.statusCode ?? 502, behind.headers);
  behind.on('error', () => asked.socket.destroy());
  behind.pipe(answer);
}
