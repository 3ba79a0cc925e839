/** The listener of the benches of the loop and of reviews, in a process of its own, as `towpath listen` puts it together. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../../src/cli/configuration/load.ts';
import { newSecretKey } from '../../../src/cli/server/key-file.ts';
import { wireListener } from '../../../src/cli/wire.ts';
import { startListener } from '../../../src/listener/listener.ts';
import { complaints, type ListenerOrder, ready } from './process.ts';

const { folder, controlPlaneUrl, listenerId, git, namespaces } = JSON.parse(process.argv[2] ?? '') as ListenerOrder;
await mkdir(join(folder, 'keys'), { recursive: true });
const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
await write('keys/git', git.password);
await write('keys/secrets', newSecretKey());
const common = {
  credentials: { username: git.username, passwordFile: 'keys/git' },
  secrets: { keyFile: 'keys/secrets' },
};
await write(
  'towpath.yaml',
  stringify({
    controlPlane: { url: controlPlaneUrl, apiKeyFile: 'keys/listener' },
    listener: { id: listenerId, dataFolder: 'listener' },
    namespaces: Object.fromEntries(Object.entries(namespaces).map(([name, own]) => [name, { ...common, ...own }])),
  }),
);
const configuration = await loadConfiguration(join(folder, 'towpath.yaml'));
startListener(await wireListener(configuration, { purpose: 'listen', log: complaints }), configuration, {
  towpathVersion: 'bench',
});
ready({});
