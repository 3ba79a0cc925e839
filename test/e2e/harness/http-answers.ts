/** Asks a program whether it is ready, over plain HTTP or with a client certificate. */
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';

export interface ClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Whether the address answers with 2xx within two seconds. */
export async function answers(url: string, tls?: ClientTls): Promise<boolean> {
  return await new Promise((resolve) => {
    const options = { ...tls, agent: false as const, timeout: 2_000 };
    const request = (url.startsWith('https:') ? getSecure : getPlain)(url, options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      response.once('end', () => resolve(status >= 200 && status < 300));
      response.once('error', () => resolve(false));
    });
    request.once('timeout', () => request.destroy());
    request.once('close', () => resolve(false));
    request.once('error', () => resolve(false));
  });
}
