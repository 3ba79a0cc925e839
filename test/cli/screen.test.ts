/** What `towpath dev` says once it is ready. */
import { expect, it } from 'vitest';
import { readyText } from '../../src/cli/dev/screen.ts';

const file = {
  url: 'http://127.0.0.1:8700',
  apiKey: 'tp_ws_key',
  workspaceId: 'workspace',
  listenerId: 'listener',
  namespaces: { default: { repository: 'http://127.0.0.1:8700/git/default.git' } },
};
const ready = { file, version: '0.1.0', dataFolder: '.towpath', tookMs: 1200, firstStart: true };

it('speaks of a sample only where there is one', () => {
  expect(readyText({ ...ready, sample: true })).toContain('sample agent');
  expect(readyText({ ...ready, sample: false })).not.toContain('sample agent');
});
