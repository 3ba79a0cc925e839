/** An API server for tests that does as it is told: lists in pages, watches that are cut, refusals, silence. Real HTTP. */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './temp.ts';

export interface ScriptedObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
}

/** Null: answers as usual. */
type Script = (request: SeenRequest, response: ServerResponse) => boolean;

export interface ScriptedKubernetes {
  readonly url: string;
  /** Path of a file that leads here. */
  readonly kubeconfig: string;
  readonly seen: SeenRequest[];
  /** Watches that are open at this moment, by the path of their collection. */
  watching(path: string): number;
  /** Creates or replaces it, and tells the watches. */
  put(path: string, object: ScriptedObject): void;
  remove(path: string, name: string): void;
  /** Forgets what happened: a watch from an older version is answered 410. */
  compact(): void;
  /** Answers true where it has answered; asked before anything else. Undefined: everything as usual. */
  script(script: Script | undefined): void;
  /** Writes this on the watches of a collection as it is. */
  say(path: string, text: string): void;
  bookmark(path: string): void;
  /** Ends them in good order, or in the middle. */
  endWatches(path: string, how: 'end' | 'cut'): void;
  /** What is asked for the group's resources is answered; else it is not served. */
  serve(group: string, version: string, resources: readonly { readonly name: string; readonly kind: string }[]): void;
  version(): string;
  stop(): Promise<void>;
  /** At the same address. */
  restart(): Promise<void>;
}

export interface ScriptedOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Fields of the kubeconfig's `cluster` and `user`; skip TLS verification and a token where absent. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

interface Happened {
  readonly path: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ScriptedObject;
}

interface Watch {
  readonly path: string;
  readonly response: ServerResponse;
}

interface State {
  version: number;
  compacted: number;
  readonly collections: Map<string, Map<string, ScriptedObject>>;
  readonly groups: Map<string, unknown>;
  readonly history: Happened[];
  readonly watches: Set<Watch>;
  readonly seen: SeenRequest[];
  /** A list in pages shows what was there when it began. */
  readonly pages: Map<string, { readonly items: readonly ScriptedObject[]; readonly version: number }>;
  script: Script | undefined;
}

export async function startScriptedKubernetes(options: ScriptedOptions = {}): Promise<ScriptedKubernetes> {
  const state: State = {
    version: 100,
    compacted: 0,
    collections: new Map(),
    groups: new Map(),
    history: [],
    watches: new Set(),
    seen: [],
    pages: new Map(),
    script: undefined,
  };
  const open = (): Server => {
    const handle = (request: IncomingMessage, response: ServerResponse): void => answer(state, request, response);
    return options.tls ? createSecureServer(options.tls, handle) : createServer(handle);
  };
  let server = open();
  const port = await listen(server, 0);
  const url = `${options.tls ? 'https' : 'http'}://${options.tls ? 'localhost' : '127.0.0.1'}:${port}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    state.watches.clear();
  };
  return {
    url,
    kubeconfig: await writeKubeconfig(url, options),
    ...hands(state),
    stop,
    restart: async () => {
      if (server.listening) await stop();
      server = open();
      await listen(server, port);
    },
  };
}

function hands(state: State): Omit<ScriptedKubernetes, 'url' | 'kubeconfig' | 'stop' | 'restart'> {
  const watchesOf = (path: string): readonly Watch[] => [...state.watches].filter((one) => one.path === path);
  return {
    seen: state.seen,
    watching: (path) => watchesOf(path).length,
    put: (path, object) => change(state, path, object),
    remove: (path, name) => removeObject(state, path, name),
    compact: () => {
      state.version += 1;
      state.compacted = state.version;
    },
    script: (script) => {
      state.script = script;
    },
    say: (path, text) => {
      for (const { response } of watchesOf(path)) response.write(text);
    },
    bookmark: (path) => {
      state.version += 1;
      const object = { metadata: { resourceVersion: String(state.version) } };
      for (const { response } of watchesOf(path)) response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    },
    endWatches: (path, how) => {
      for (const watch of watchesOf(path)) {
        state.watches.delete(watch);
        if (how === 'end') watch.response.end();
        else watch.response.destroy();
      }
    },
    serve: (group, version, resources) => {
      state.groups.set(`/apis/${group}`, { preferredVersion: { version } });
      state.groups.set(`/apis/${group}/${version}`, {
        resources: resources.map((one) => ({ ...one, namespaced: true })),
      });
    },
    version: () => String(state.version),
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function writeKubeconfig(server: string, { cluster, user }: ScriptedOptions): Promise<string> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, ...(cluster ?? { 'insecure-skip-tls-verify': true }) } }],
    users: [{ name: 'test', user: user ?? { token: 'first-token' } }],
  };
  const path = join(await temporaryFolder('kubeconfig'), 'config');
  await writeFile(path, JSON.stringify(config));
  return path;
}

function change(state: State, path: string, object: ScriptedObject): void {
  state.version += 1;
  const all = state.collections.get(path) ?? new Map<string, ScriptedObject>();
  state.collections.set(path, all);
  const { name } = object.metadata;
  const before = all.get(name);
  const uid = object.metadata['uid'] ?? before?.metadata['uid'] ?? `uid-${state.version}`;
  const now = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(state.version) } };
  all.set(name, now);
  tell(state, { path, version: state.version, type: before ? 'MODIFIED' : 'ADDED', object: now });
}

function removeObject(state: State, path: string, name: string): void {
  const object = state.collections.get(path)?.get(name);
  if (object === undefined) return;
  state.version += 1;
  state.collections.get(path)?.delete(name);
  const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(state.version) } };
  tell(state, { path, version: state.version, type: 'DELETED', object: last });
}

function tell(state: State, happened: Happened): void {
  state.history.push(happened);
  for (const { path, response } of state.watches) if (path === happened.path) response.write(eventLine(happened));
}

function eventLine({ type, object }: Happened): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function answer(state: State, request: IncomingMessage, response: ServerResponse): void {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://scripted');
  const { method = 'GET', headers } = request;
  const seen = { method, path, query, authorization: headers.authorization ?? '' };
  state.seen.push(seen);
  request.resume();
  if (state.script?.(seen, response)) return;
  const group = state.groups.get(path);
  if (group !== undefined) sendJson(response, 200, group);
  else if (!path.includes('/namespaces/'))
    sendStatus(response, 404, 'the server could not find the requested resource');
  else if (query.get('watch') === 'true') openWatch(state, path, query, response);
  else sendList(state, path, query, response);
}

/** As the API server refuses: a Status object. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendJson(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }, headers);
}

export function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function sendList(state: State, path: string, query: URLSearchParams, response: ServerResponse): void {
  const [id, start] = (query.get('continue') ?? '').split('/');
  const first = { items: [...(state.collections.get(path)?.values() ?? [])], version: state.version };
  const listing = id ? state.pages.get(id) : first;
  if (listing === undefined || listing.version < state.compacted) {
    sendStatus(response, 410, 'the continue token is too old');
    return;
  }
  const from = Number(start ?? 0);
  const limit = Number(query.get('limit') ?? listing.items.length);
  const token = id || `page${state.pages.size}`;
  state.pages.set(token, listing);
  const isMore = from + limit < listing.items.length;
  const metadata = {
    resourceVersion: String(listing.version),
    ...(isMore ? { continue: `${token}/${from + limit}` } : {}),
  };
  sendJson(response, 200, { kind: 'List', metadata, items: listing.items.slice(from, from + limit) });
}

function openWatch(state: State, path: string, query: URLSearchParams, response: ServerResponse): void {
  const from = Number(query.get('resourceVersion'));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  if (from < state.compacted) {
    const object = { kind: 'Status', code: 410, message: `too old resource version: ${from}` };
    response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    return;
  }
  for (const one of state.history) if (one.path === path && one.version > from) response.write(eventLine(one));
  const watch = { path, response };
  state.watches.add(watch);
  response.on('close', () => state.watches.delete(watch));
}
