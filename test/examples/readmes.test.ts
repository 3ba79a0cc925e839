/** "Try it without a cluster" in the READMEs of the examples: each command as a reader runs it, in a fresh checkout. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temp.ts';

const run = promisify(execFile);
const examples = readdirSync(join(projectFolder, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({
    name,
    blocks: triedIn(readFileSync(join(projectFolder, 'examples', name, 'README.md'), 'utf8')),
  }))
  .filter(({ blocks }) => blocks.length > 0);

describe.each(examples)('examples/$name', ({ blocks }) => {
  it('is validated and rendered by the commands of its README', async () => {
    const checkout = await freshCheckout();

    for (const block of blocks) {
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', block], { cwd: checkout });
      expect(stdout).toMatch(/ valid\n[\s\S]*^kind: /m);
    }
  });
});

it('finds the commands of those that cannot be tried otherwise without an installation', () => {
  const names = examples.map(({ name }) => name);

  expect(names).toEqual(expect.arrayContaining(['external-secrets', 'lgp', 'pull-request', 'sealed-secrets', 'sops']));
});

/** Files of its own for what the commands write; the rest is only read. */
async function freshCheckout(): Promise<string> {
  const checkout = await temporaryFolder('checkout');
  await cp(join(projectFolder, 'examples'), join(checkout, 'examples'), { recursive: true });
  await cp(join(projectFolder, 'package.json'), join(checkout, 'package.json'));
  for (const name of ['src', 'templates', 'node_modules'])
    await symlink(join(projectFolder, name), join(checkout, name));
  return checkout;
}

/** Blocks that run Towpath from the sources; those for a cluster have an installed one. */
function triedIn(readme: string): readonly string[] {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  return blocks.filter((block) => block.includes('npm run -s towpath --'));
}
