/** The listener's configuration in `towpath dev`: an ordinary towpath.yaml, so that `plan` and `render` can use it too. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writePrivately } from '../server/key-file.ts';
import { repositoryUrl } from './dev-file.ts';
import { type Identity, namespaces } from './identity.ts';

const heading = `# Made by "towpath dev" at each start; edits are lost. While it runs, try:
#   towpath plan --config <this file>
`;

/** Answers its path. */
export async function writeDevConfiguration(dataFolder: string, url: string, identity: Identity): Promise<string> {
  const path = join(dataFolder, 'towpath.yaml');
  const configuration = {
    controlPlane: { url, apiKeyFile: 'keys/listener', mode: 'full' },
    listener: { id: identity.listenerId, dataFolder: 'listener' },
    git: { interval: '10s' },
    namespaces: Object.fromEntries(namespaces.map((name) => [name, namespaceOf(url, name)])),
  };
  await writePrivately(path, `${heading}${stringify(configuration)}`);
  return path;
}

function namespaceOf(url: string, name: string) {
  return {
    repository: repositoryUrl(url, name),
    credentials: { username: 'towpath', passwordFile: 'keys/workspace' },
    secrets: { keyFile: 'keys/secrets' },
    // Also where it is started inside a pod.
    engine: 'none',
  };
}
