/** The git server of the bench in a process of its own, with a count of what passes, and far away when wanted. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { openGitHttpBackend } from '../../../src/adapters/git-http/backend.ts';
import { watchBody } from '../../support/git-faults.ts';

/** `take` answers what passed since the last time. */
export type ServerOrder = { readonly do: 'take' } | { readonly do: 'close' };

export interface Traffic {
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const [root = '', roundTrip = '0'] = process.argv.slice(2);
let traffic = { requests: 0, bytesIn: 0, bytesOut: 0 };

const backend = await openGitHttpBackend({ root, prefix: '/git', authorize: async () => 'allow' });
const server = createServer((request, response) => {
  count(request, response);
  void backend.handle(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const near = (server.address() as AddressInfo).port;
const port = Number(roundTrip) > 0 ? await startFarDoor(near, Number(roundTrip)) : near;
process.send?.({ url: `http://127.0.0.1:${port}/git` });

// Nobody is left to serve when the bench was interrupted.
process.on('disconnect', () => process.exit(0));
process.on('message', (order: ServerOrder) => {
  if (order.do === 'take') {
    process.send?.(traffic);
    traffic = { requests: 0, bytesIn: 0, bytesOut: 0 };
  } else process.exit(0);
});

function count(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const before = socket.bytesWritten;
  traffic.requests++;
  watchBody(request, (chunk) => {
    traffic.bytesIn += chunk.length;
  });
  response.on('close', () => {
    traffic.bytesOut += socket.bytesWritten - before;
  });
}

/** Half the round trip each way, for every byte and for the handshake of a connection too. */
async function startFarDoor(target: number, roundTripMs: number): Promise<number> {
  const door = createTcpServer((client) => {
    client.setNoDelay(true);
    const inner = connect(target, '127.0.0.1');
    inner.setNoDelay(true);
    // The first byte waits for the handshake that a distant server would need.
    delay(client, inner, roundTripMs / 2, roundTripMs);
    delay(inner, client, roundTripMs / 2, 0);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  return (door.address() as AddressInfo).port;
}

/** One after the other: a later piece never overtakes an earlier one. */
function delay(from: Socket, to: Socket, ms: number, firstMs: number): void {
  const openAt = performance.now() + firstMs;
  let before = Promise.resolve();
  const later = (action: () => void): void => {
    const dueAt = Math.max(openAt, performance.now()) + ms;
    before = before.then(async () => {
      const left = dueAt - performance.now();
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
      action();
    });
  };
  from.on('data', (chunk) => later(() => void (to.destroyed || to.write(chunk))));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}
