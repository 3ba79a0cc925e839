/** The connections of one HTTP server: which are busy, and how they end without cutting off what is under way. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  /** Says no to whoever asks while the server stops. */
  readonly handle: RequestListener;
  /** From now on: no new requests, idle connections end at once, busy ones with their last answer. */
  stop(): void;
  /** Ends all that is left, whatever it is doing. */
  cut(): void;
}

export function trackConnections(handle: RequestListener): Connections & { watch(server: Server): void } {
  const sockets = new Set<Socket>();
  const answering = new Map<Socket, Set<ServerResponse>>();
  let stopping = false;
  const isIdle = (socket: Socket): boolean => !answering.has(socket);
  const note = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    answering.set(socket, (answering.get(socket) ?? new Set()).add(response));
    response.once('close', () => {
      const others = answering.get(socket);
      others?.delete(response);
      if (others?.size === 0) answering.delete(socket);
      if (stopping && isIdle(socket)) socket.destroySoon();
    });
  };
  return {
    watch(server) {
      // With TLS these are the sockets below it, which also end a handshake that is never finished.
      server.on('connection', (socket: Socket) => keep(sockets, socket));
      server.on('secureConnection', (socket: Socket) => keep(sockets, socket));
    },
    handle(request, response) {
      note(request, response);
      if (stopping) refuse(response);
      else handle(request, response);
    },
    stop() {
      stopping = true;
      for (const responses of answering.values()) for (const response of responses) response.shouldKeepAlive = false;
      const below = new Set([...answering.keys()].map(placeOf));
      // A socket below TLS is never asked itself; it is busy where the one above it is.
      for (const socket of sockets) if (isIdle(socket) && !below.has(placeOf(socket))) socket.destroy();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** As JSON, as the API says no. */
function refuse(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' });
  response.end(JSON.stringify({ detail: 'This server is stopping: ask again' }));
}
