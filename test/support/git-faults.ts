/** What can go wrong between a git client and its server, one request at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Which request a fault is meant for (any that fits both, where said); without it the push itself. */
interface Meant {
  readonly on?: { readonly method?: string; readonly path?: RegExp };
}

export type Fault = Meant &
  /** Runs something first: a competitor's push between discovery and ours. */
  (
    | { readonly kind: 'before'; readonly run: () => Promise<unknown> }
    /** The connection goes after so many bytes of the request's body. */
    | { readonly kind: 'cut-request'; readonly afterBytes: number }
    /** The server does all of it, and its answer never arrives. */
    | { readonly kind: 'lose-answer' }
    /** The connection goes after so many bytes of the answer's body. */
    | { readonly kind: 'cut-answer'; readonly afterBytes: number }
    /** The server takes the request and never says a word, until the client gives up. */
    | { readonly kind: 'silence' }
    | {
        readonly kind: 'status';
        readonly status: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: string;
      }
    /** 200, the right content type, and nonsense. */
    | { readonly kind: 'garbage'; readonly body?: string }
  );

/** True where the request has been answered (or cut) here and git shall never see it. */
export async function applyFault(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'before':
      await fault.run();
      return false;
    case 'cut-request':
      cutRequest(request, fault.afterBytes);
      return false;
    case 'lose-answer':
      cutAnswer(response, 0);
      return false;
    case 'cut-answer':
      cutAnswer(response, fault.afterBytes);
      return false;
    case 'silence':
      request.resume();
      return true;
    case 'status':
      request.resume();
      response.writeHead(fault.status, { 'Content-Type': 'text/plain', ...fault.headers });
      response.end(fault.body ?? `status ${fault.status}\n`);
      return true;
    case 'garbage':
      request.resume();
      response.writeHead(200, { 'Content-Type': answerType(request) });
      response.end(fault.body ?? '<html>captive portal</html>');
      return true;
    default:
      return fault satisfies never;
  }
}

function answerType(request: IncomingMessage): string {
  const url = new URL(request.url ?? '/', 'http://server');
  const asked = url.searchParams.get('service');
  return asked
    ? `application/x-${asked}-advertisement`
    : `application/x-${url.pathname.split('/').at(-1) ?? 'git'}-result`;
}

/** Sees the body go by as soon as somebody reads it; a plain listener would start the flow before anybody does. */
export function watchBody(request: IncomingMessage, see: (chunk: Buffer) => void): void {
  const attach = (event: string | symbol): void => {
    if (event !== 'data') return;
    request.off('newListener', attach);
    request.prependListener('data', see);
  };
  request.on('newListener', attach);
}

/** Only the first bytes reach the server, even when the whole body came in one piece. */
function cutRequest(request: IncomingMessage, afterBytes: number): void {
  const emit = request.emit.bind(request);
  let left = afterBytes;
  request.emit = ((event: string | symbol, ...rest: unknown[]) => {
    const [chunk] = rest;
    if (event !== 'data' || !(chunk instanceof Uint8Array)) return emit(event, ...rest);
    const part = chunk.subarray(0, Math.max(left, 0));
    left -= chunk.length;
    const heard = part.length === 0 || emit('data', part);
    if (left <= 0) request.socket.destroy();
    return heard;
  }) as typeof request.emit;
}

/** Lets so many bytes of the body through, then waits for git to end, then cuts the connection. */
function cutAnswer(response: ServerResponse, afterBytes: number): void {
  const write = response.write.bind(response);
  let left = afterBytes;
  const pass = (chunk: unknown): void => {
    if (!(chunk instanceof Uint8Array) || left <= 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    write(part);
  };
  response.write = ((chunk: unknown) => {
    pass(chunk);
    return true;
  }) as typeof response.write;
  response.end = ((chunk: unknown) => {
    pass(chunk);
    // What was let through must have left the socket, or the client sees less than was meant.
    setImmediate(() => response.socket?.destroySoon());
    return response;
  }) as typeof response.end;
}
