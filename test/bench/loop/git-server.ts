/** The git server of the bench of the loop, in a process of its own: the embedded one, with a password of its own. */
import { join } from 'node:path';
import { openGitHttpBackend } from '../../../src/adapters/git-http/backend.ts';
import { startServer } from '../../../src/cli/server/http-server.ts';
import { complaints, gitPassword, ready } from './process.ts';

const [folder = '', ...namespaces] = process.argv.slice(2);
const git = await openGitHttpBackend({
  root: join(folder, 'repositories'),
  authorize: async (credentials) => (credentials?.password === gitPassword ? 'allow' : 'unauthenticated'),
  onComplaint: (repository, text) => complaints.warn(`git: ${text}`, { repository }),
});
for (const namespace of namespaces) await git.createRepository(namespace);
const server = await startServer(
  { host: '127.0.0.1', port: 0 },
  (request, response) => void git.handle(request, response),
);
ready({ url: server.url });
