/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl, git and Go's programs read them. undici's own agent knows no networks
 * in NO_PROXY and sends requests to this very machine through the proxy.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';

type Environment = Readonly<Record<string, string | undefined>>;

/** Requests to this machine and to what NO_PROXY names go straight, all others through the proxy of their protocol. */
export class EnvironmentProxyAgent extends EnvHttpProxyAgent {
  /** Not private: `compose` calls through a proxy object, which has no private members. */
  readonly straight: Agent;

  constructor(options: EnvHttpProxyAgent.Options) {
    super(options);
    const {
      httpProxy: _http,
      httpsProxy: _https,
      noProxy: _none,
      requestTls: _request,
      proxyTls: _proxy,
      ...rest
    } = options;
    this.straight = new Agent(rest);
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const isDirect = options.origin !== undefined && isWithoutProxy(new URL(options.origin));
    return isDirect ? this.straight.dispatch(options, handler) : super.dispatch(options, handler);
  }

  // Of both, undici's own promise form calls the form with a callback.
  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    if (callback === undefined) return super.close();
    super.close((...values) => void this.straight.close().then(...alike(() => callback(...values))));
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | void {
    const [error, callback] = typeof first === 'function' ? [null, first] : [first ?? null, second];
    if (callback === undefined) return super.destroy(error);
    super.destroy(error, (...values) => void this.straight.destroy(error).then(...alike(() => callback(...values))));
  }
}

/** It is over either way: what was closed before cannot be closed again. */
function alike(done: () => void): [() => void, () => void] {
  return [done, done];
}

/**
 * " through the proxy of HTTPS_PROXY", for messages about an address that was not reached; empty where the request
 * goes straight. `proxy` is one that the configuration names.
 */
export function routeOf(address: string, proxy?: string, environment: Environment = process.env): string {
  if (proxy !== undefined) return ' through the configured proxy';
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  if (isWithoutProxy(url, environment)) return '';
  const names = [...(url.protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : []), 'http_proxy', 'HTTP_PROXY'];
  const name = names.find((one) => Boolean(environment[one]));
  return name === undefined ? '' : ` through the proxy of ${name}`;
}

/** As in Go's net/http (ProxyFromEnvironment): this machine never goes through a proxy that is meant for all. */
function isWithoutProxy(address: URL, environment: Environment = process.env): boolean {
  const host = address.hostname
    .replace(/^\[(.+)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (isListed(host, address, environment)) return true;
  if (isIP(host) === 0) return false;
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  return thisMachine.check(host, family) || networksOf(environment).check(host, family);
}

/** `*`, `example.com` and `.example.com` for it and all below it, `*.example.com` for what is below; each with a port or without. */
function isListed(host: string, { port, protocol }: URL, environment: Environment): boolean {
  const own = port || (protocol === 'https:' ? '443' : '80');
  return noProxyOf(environment)
    .split(/[,\s]+/)
    .some((entry) => {
      const [, name = '', only] = /^\[?(.+?)\]?(?:(?<=\]|^[^:]*):(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (name === '' || (only !== undefined && only !== own)) return false;
      const end = name.replace(/^\*?\./, '').replace(/\.$/, '');
      return name === '*' || host.endsWith(`.${end}`) || (host === end && !name.startsWith('*'));
    });
}

function noProxyOf(environment: Environment): string {
  return environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
}

const thisMachine = new BlockList();
thisMachine.addSubnet('127.0.0.0', 8, 'ipv4');
thisMachine.addAddress('::1', 'ipv6');

let known = { text: '', networks: new BlockList() };

/** The entries with a slash, such as 10.0.0.0/8 and fd00::/8; what is not a network is left to undici. */
function networksOf(environment: Environment): BlockList {
  const text = noProxyOf(environment);
  if (text === known.text) return known.networks;
  const networks = new BlockList();
  for (const entry of text.split(/[,\s]+/)) addNetwork(networks, entry);
  known = { text, networks };
  return networks;
}

function addNetwork(networks: BlockList, entry: string): void {
  const [, address = '', digits = ''] = /^\[?([0-9a-fA-F.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  if (version === 0 || prefix > (version === 6 ? 128 : 32)) return;
  networks.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
}
