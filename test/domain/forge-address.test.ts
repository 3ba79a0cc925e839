/** Where a forge's API answers, told by the address of a repository alone. */
import { expect, it } from 'vitest';
import { forgeAddress } from '../../src/domain/forge-address.ts';

it.each([
  ['https://github.com/acme/agents.git', 'github', 'https://api.github.com', 'https://github.com'],
  ['git@github.com:acme/agents.git', 'github', 'https://api.github.com', 'https://github.com'],
  ['ssh://git@ssh.github.com:443/acme/agents.git', 'github', 'https://api.github.com', 'https://github.com'],
  ['https://acme.ghe.com/acme/agents', 'github', 'https://api.acme.ghe.com', 'https://acme.ghe.com'],
  ['acme@acme.ghe.com:acme/agents.git', 'github', 'https://api.acme.ghe.com', 'https://acme.ghe.com'],
  ['https://gitlab.com/acme/agents.git', 'gitlab', 'https://gitlab.com/api/v4', 'https://gitlab.com'],
  ['ssh://git@altssh.gitlab.com:443/acme/agents.git', 'gitlab', 'https://gitlab.com/api/v4', 'https://gitlab.com'],
  ['https://codeberg.org/acme/agents.git', 'gitea', 'https://codeberg.org/api/v1', 'https://codeberg.org'],
])('%s lies on %s at %s', (repository, kind, apiUrl, webUrl) => {
  expect(forgeAddress({ repository, publication: {} })).toEqual({ kind, apiUrl, webUrl, repository: 'acme/agents' });
});

it('is told what kind of forge an unknown host is', () => {
  const repository = 'https://git.example/acme/agents.git';

  expect(forgeAddress({ repository, publication: {} })).toBeNull();
  expect(forgeAddress({ repository, publication: { forge: 'github' } })).toMatchObject({
    apiUrl: 'https://git.example/api/v3',
    webUrl: 'https://git.example',
  });
});

it('finds a forge below a path by its API', () => {
  const repository = 'https://example.com/git/acme/agents.git';
  const publication = { forge: 'gitea', apiUrl: 'https://example.com/git/api/v1' } as const;

  expect(forgeAddress({ repository, publication })).toMatchObject({
    webUrl: 'https://example.com/git',
    repository: 'acme/agents',
  });
});
