/** The bench's processes seen from outside: one order at a time, one answer each. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answer, Order } from './child.ts';
import type { ServerOrder, Traffic } from './server.ts';

export interface ContenderProcess {
  /** Null: it took too long and was ended. */
  obey(order: Order): Promise<Answer | null>;
  close(): Promise<void>;
}

export interface ServerProcess {
  readonly url: string;
  take(): Promise<Traffic>;
  close(): Promise<void>;
}

const patienceMs = 300_000;

export async function startContender(name: string): Promise<ContenderProcess> {
  const child = start('child.ts', [name]);
  await answerOf(child, patienceMs);
  const obey = async (order: Order): Promise<Answer | null> => {
    if (!child.connected) return null;
    child.send(order);
    const answer = (await answerOf(child, patienceMs)) as Answer | null;
    if (answer?.error) throw new Error(`${name} failed at ${order.do}: ${answer.error}`);
    if (answer === null) child.kill('SIGKILL');
    return answer;
  };
  return {
    obey,
    close: async () => {
      await obey({ do: 'close' });
      child.kill();
    },
  };
}

export async function startServer(root: string, roundTripMs: number): Promise<ServerProcess> {
  const child = start('server.ts', [root, String(roundTripMs)]);
  const { url } = (await answerOf(child, patienceMs)) as { url: string };
  const send = (order: ServerOrder): boolean => child.send(order);
  return {
    url,
    take: async () => {
      // The last answer may still be on its way to being counted.
      await new Promise((resolve) => setTimeout(resolve, 20));
      send({ do: 'take' });
      return (await answerOf(child, patienceMs)) as Traffic;
    },
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      send({ do: 'close' });
      await ended;
    },
  };
}

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Null: nothing came in time. */
function answerOf(child: ChildProcess, ms: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => resolve(null)), ms);
    const take = (answer: unknown): void => settle(() => resolve(answer));
    const end = (code: number | null): void => settle(() => reject(new Error(`a bench process ended with ${code}`)));
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      child.off('message', take);
      child.off('exit', end);
      action();
    };
    child.once('message', take);
    child.once('exit', end);
  });
}
