/** `<data>/dev.json`: what programs need to know of a running `towpath dev`. Written once it is ready. */
import { join } from 'node:path';
import { writePrivately } from '../server/key-file.ts';
import { type Identity, namespaces } from './identity.ts';

export const devFileName = 'dev.json';
/** Its presence tells the first start from later ones. */
export const databaseFolder = 'database';

export interface DevFile {
  /** Without a trailing slash. */
  readonly url: string;
  /** A workspace key; it may also clone and push. */
  readonly apiKey: string;
  readonly workspaceId: string;
  readonly listenerId: string;
  readonly namespaces: Readonly<Record<string, { readonly repository: string }>>;
}

export function devFileOf(url: string, { workspaceKey, workspaceId, listenerId }: Identity): DevFile {
  const repositories = namespaces.map((name) => [name, { repository: repositoryUrl(url, name) }]);
  return { url, apiKey: workspaceKey, workspaceId, listenerId, namespaces: Object.fromEntries(repositories) };
}

export function repositoryUrl(url: string, namespace: string): string {
  return `${url}/git/${namespace}.git`;
}

export async function writeDevFile(dataFolder: string, file: DevFile): Promise<void> {
  await writePrivately(join(dataFolder, devFileName), `${JSON.stringify(file, null, 2)}\n`);
}
