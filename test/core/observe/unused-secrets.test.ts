/** A Secret is collected only when nothing needs it any more, and it is no longer young. */
import { expect, it } from 'vitest';
import { unusedSecrets } from '../../../src/core/secrets/unused-secrets.ts';
import { DeploymentId } from '../../../src/domain/identifiers.ts';

const deploymentId = DeploymentId.parse('22222222-2222-4222-8222-222222222222');
const now = new Date('2026-01-01T12:00:00Z');
const secret = (name: string, created: string) => ({ name, deploymentId, createdAt: new Date(created) });
const secrets = [
  secret('chat-env-old', '2026-01-01T10:00:00Z'),
  secret('chat-env-running', '2026-01-01T10:00:00Z'),
  secret('chat-env-in-git', '2026-01-01T10:00:00Z'),
  secret('chat-env-just-made', '2026-01-01T11:50:01Z'),
  secret('chat-env-grown', '2026-01-01T11:50:00Z'),
];
const use = { secrets, now, graceMs: 600_000 };

it('names what neither pods nor the branch refer to, and what is older than the grace', () => {
  const found = unusedSecrets({ ...use, referred: new Set(['chat-env-running']), keep: new Set(['chat-env-in-git']) });

  expect(found).toEqual(['chat-env-grown', 'chat-env-old']);
});

it('names nothing where everything is referred to', () => {
  const names = new Set(secrets.map(({ name }) => name));

  expect(unusedSecrets({ ...use, referred: names, keep: new Set() })).toEqual([]);
  expect(unusedSecrets({ ...use, referred: new Set(), keep: names })).toEqual([]);
});
