/** Pull requests on a real Gitea: the contract of every forge, and what only a real one shows. */
import { afterAll, beforeAll } from 'vitest';
import { forgeContract } from '../contract/forge.ts';
import { giteaForgeWorld } from '../support/gitea-forge-world.ts';
import { type Gitea, startGitea } from './harness/gitea.ts';

let gitea: Gitea;
beforeAll(async () => {
  gitea = await startGitea((line) => console.log(line));
}, 900_000);
afterAll(() => gitea?.stop());

forgeContract('Gitea', () => giteaForgeWorld(gitea), {
  pushedMerge: 'told',
  tellsProtection: true,
  requestsChanges: true,
  elsewhere: true,
});
