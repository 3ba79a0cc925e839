/** Starts the real Agent Server as a pod would: with the environment of a rendered container, and nothing of this machine's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { temporaryFolder } from '../support/temp.ts';
import { agentServerPython } from './install.ts';

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

/** The server's own container of a workload, as far as a test looks into it. */
export interface Container {
  readonly env: readonly Variable[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

export interface AgentServer {
  readonly url: string;
  /** Everything it has said so far. */
  logged(): string;
  /** Ends it as the kubelet would, and answers how it ended. */
  end(): Promise<Ending>;
}

/** Uvicorn cleans up, and then sends itself the signal that it got. */
type Ending = number | NodeJS.Signals | null;

export function serverContainer(manifest: string | undefined): Container {
  const [container] = parse(manifest ?? '').spec.template.spec.containers;
  return container;
}

/** What the kubelet makes of it: Secrets are looked up, and `$(NAME)` is what stands further up. */
export function environmentOf({ env }: Container, secrets: Readonly<Record<string, string>>): Record<string, string> {
  const known: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    const text = value ?? secrets[valueFrom?.secretKeyRef.key ?? ''] ?? 'from-a-secret';
    known[name] = text.replace(/\$(\$|\(([A-Z0-9_]+)\))/g, (whole, dollar: string, inner?: string) =>
      dollar === '$' ? '$' : (known[inner ?? ''] ?? whole),
    );
  }
  return known;
}

const entries = { api: ['-m', 'uvicorn', 'langgraph_api.server:app'], queue: ['-m', 'langgraph_api.queue_entrypoint'] };

export async function startAgentServer(
  entry: keyof typeof entries,
  environment: Readonly<Record<string, string>>,
): Promise<AgentServer> {
  const folder = await temporaryFolder('agent-server');
  await writeFile(join(folder, 'graph.py'), graph);
  for (;;) {
    const started = await startOn(await freePort(), folder, { entry, environment });
    if (started !== null) return started;
  }
}

interface Start {
  readonly entry: keyof typeof entries;
  readonly environment: Readonly<Record<string, string>>;
}

/** Null where somebody was faster with the port. */
async function startOn(port: number, folder: string, { entry, environment }: Start): Promise<AgentServer | null> {
  const address = entry === 'api' ? ['--host', '127.0.0.1', '--port', String(port)] : [];
  const child = spawn(agentServerPython, [...entries[entry], ...address], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...inMemory, ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => said.push(text));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    process.off('exit', kill);
    return code ?? signal;
  });
  const url = `http://127.0.0.1:${port}`;
  if (await answers(url, child)) return { url, logged: () => said.join(''), end: () => end(child, ended) };
  if (/address already in use|Errno 98/i.test(said.join(''))) return null;
  throw new Error(`Cannot start the Agent Server:\n${said.join('').slice(-5000)}`);
}

/** What an image or another runtime would bring: no database, no licence, and one graph. */
const inMemory = {
  LANGGRAPH_RUNTIME_EDITION: 'inmem',
  LANGSMITH_LANGGRAPH_API_VARIANT: 'local_dev',
  LANGGRAPH_DISABLE_FILE_PERSISTENCE: 'true',
  MIGRATIONS_PATH: '__inmem',
  LANGSERVE_GRAPHS: JSON.stringify({ agent: './graph.py:graph' }),
  LANGGRAPH_SERVER_HOST: '127.0.0.1',
};

const graph = `from typing import TypedDict
from langgraph.graph import END, START, StateGraph


class State(TypedDict):
    text: str


builder = StateGraph(State)
builder.add_node("answer", lambda state: {"text": "answered"})
builder.add_edge(START, "answer")
builder.add_edge("answer", END)
graph = builder.compile()
`;

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${url}/ok?check_db=0`).catch(() => null);
    if (answer?.ok) return true;
    await new Promise((resume) => setTimeout(resume, 100));
  }
  return false;
}

async function end(child: ChildProcess, ended: Promise<Ending>): Promise<Ending> {
  child.kill('SIGTERM');
  return ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
