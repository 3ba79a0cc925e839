/** Free ports on 127.0.0.1 for programs that must be told theirs. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the ports that the system gives to outgoing connections: a program that is stopped in the middle of a test must
 * find its port free when it comes back, and a client that knocks meanwhile must not be connected to itself.
 */
const range = { from: 15_000, to: 32_000 } as const;

export async function freePorts<Name extends string>(
  ...names: readonly Name[]
): Promise<Readonly<Record<Name, number>>> {
  const held = new Map<Name, Server>();
  const ports: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const [port, server] = await holdPort();
    held.set(name, server);
    ports[name] = port;
  }
  // All are held until all are found, so that no two are the same.
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as Record<Name, number>;
}

async function holdPort(): Promise<readonly [number, Server]> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from));
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const listens = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (listens) return [port, server];
  }
  throw new Error(`Cannot find a free port between ${range.from} and ${range.to}`);
}
