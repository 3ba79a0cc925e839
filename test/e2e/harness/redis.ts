/** Debian's redis-server, as Argo CD's cache: nothing is kept on disk. */
import { connect } from 'node:net';
import type { Program } from './programs.ts';
import type { World } from './world.ts';

export function redis(world: World, port: number): Program {
  return {
    name: 'redis',
    command: 'redis-server',
    args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', world.makeFolder('redis')],
    ready: () => pings(port),
  };
}

async function pings(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (answer: Buffer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
