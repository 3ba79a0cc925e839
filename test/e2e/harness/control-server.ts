/** Lets test files, which run in processes of their own, stop and start the cluster's programs. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProgramControl } from './control.ts';

interface ControlServer {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

/** Answers POST `/<action>/<program>`; done when the action is. */
export async function serveControl(control: ProgramControl): Promise<ControlServer> {
  const token = randomBytes(16).toString('hex');
  const server = createServer((request, response) => void answer(request, response, control, token));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  control: ProgramControl,
  token: string,
): Promise<void> {
  request.resume();
  try {
    if (request.headers.authorization !== `Bearer ${token}`) throw new Error('Cannot obey: wrong token');
    const [, action = '', program = ''] = (request.url ?? '').split('/');
    if (!isAction(action)) throw new Error(`Cannot ${action} ${program}: there is no such action`);
    await control[action](program);
    response.writeHead(204).end();
  } catch (error) {
    response
      .writeHead(500, { 'Content-Type': 'text/plain' })
      .end(error instanceof Error ? error.message : String(error));
  }
}

function isAction(word: string): word is keyof ProgramControl {
  return ['start', 'stop', 'kill', 'pause', 'resume'].includes(word);
}
