/** A real HTTP proxy on 127.0.0.1, which looks for every host on this machine: CONNECT tunnels for https, forwarding for http, and a list of what went through. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface HttpProxy {
  readonly url: string;
  /** `CONNECT host:port` or `GET http://…`, oldest first. */
  readonly seen: string[];
  close(): Promise<void>;
}

/** With a password, anybody without `Proxy-Authorization` gets 407. */
export async function startHttpProxy(password?: string): Promise<HttpProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const welcome = ({ headers }: IncomingMessage): boolean =>
    password === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(`user:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    if (!welcome(request)) return void response.writeHead(407).end();
    seen.push(`${request.method} ${request.url}`);
    forward(request, response);
  });
  server.on('connection', (socket) => track(sockets, socket));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    if (!welcome(request)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    seen.push(`CONNECT ${request.url}`);
    const port = (request.url ?? '').split(':').at(-1);
    const target = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    track(sockets, target);
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(request: IncomingMessage, response: ServerResponse): void {
  const { 'proxy-authorization': _own, ...headers } = request.headers;
  const { port, pathname, search } = new URL(request.url ?? '');
  const here = { host: '127.0.0.1', port, path: `${pathname}${search}`, method: request.method, headers };
  const outgoing = httpRequest(here, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  request.pipe(outgoing);
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
}
