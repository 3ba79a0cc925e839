/** The listener of the bench of reviews, in a process of its own: what it does is proposed on a real Gitea. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../../src/cli/configuration/load.ts';
import { newSecretKey } from '../../../src/cli/server/key-file.ts';
import { wireListener } from '../../../src/cli/wire.ts';
import { startListener } from '../../../src/listener/listener.ts';
import { complaints, ready } from '../loop/process.ts';

// Of each namespace its name and its repository.
const [folder = '', controlPlaneUrl = '', listenerId = '', token = '', ...places] = process.argv.slice(2);
await mkdir(join(folder, 'keys'), { recursive: true });
const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
await write('keys/git', token);
await write('keys/secrets', newSecretKey());
const namespaceOf = (repository: string) => ({
  repository,
  credentials: { username: 'bot', passwordFile: 'keys/git' },
  publication: { mode: 'proposed', forge: 'gitea' },
  secrets: { keyFile: 'keys/secrets' },
});
await write(
  'towpath.yaml',
  stringify({
    controlPlane: { url: controlPlaneUrl, apiKeyFile: 'keys/listener' },
    listener: { id: listenerId, dataFolder: 'listener' },
    namespaces: Object.fromEntries(
      places.map((place) => {
        const [name = '', repository = ''] = place.split('=');
        return [name, namespaceOf(repository)];
      }),
    ),
  }),
);
const configuration = await loadConfiguration(join(folder, 'towpath.yaml'));
startListener(await wireListener(configuration, { purpose: 'listen', log: complaints }), configuration, {
  towpathVersion: 'bench',
});
ready({});
