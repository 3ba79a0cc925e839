/** A reader of the event stream who does not keep up: what waits for him stays bounded, and he is told what he missed. */
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { TowpathEnv } from '../../src/control-plane/api/towpath/access.ts';
import { eventRoutes } from '../../src/control-plane/api/towpath/event-routes.ts';
import { changeHub } from '../../src/control-plane/store/changes.ts';
import { WorkspaceId } from '../../src/domain/identifiers.ts';
import { principalOf } from '../support/control-plane.ts';

const workspaceId = WorkspaceId.parse('11111111-1111-4111-8111-111111111111');

const ada = principalOf({ id: workspaceId, name: 'Ada', email: 'ada@example.com' }, workspaceId);

it('is told to read everything anew, instead of every change from long ago', async () => {
  const changes = changeHub();
  const stopping = new AbortController();
  const app = new Hono<TowpathEnv>();
  app.use(async (context, next) => {
    context.set('principal', ada);
    await next();
  });
  app.route('/', eventRoutes({ changes, stopping: stopping.signal, authenticate: async () => ada }));
  const answer = await app.request('/towpath/v1/events');

  for (let number = 1; number <= 25_000; number++) {
    changes.publish('towpath_workspace', `${workspaceId} {"kind":"deployment","number":${number}}`);
  }
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('"number":25000}')) text += (await reader?.read())?.value ?? '';
  stopping.abort();
  await reader?.cancel();

  expect(text.split('event: deployment').length - 1).toBeLessThan(10_000);
  expect(text.split('event: resync').length - 1).toBe(2);
});

it('takes no seat for a question about its headers alone', async () => {
  const app = new Hono<TowpathEnv>();
  app.use(async (context, next) => {
    context.set('principal', ada);
    await next();
  });
  const stopping = new AbortController();
  app.route('/', eventRoutes({ changes: changeHub(), stopping: stopping.signal, authenticate: async () => ada }));

  for (let asked = 0; asked < 150; asked++) {
    expect((await app.request('/towpath/v1/events', { method: 'HEAD' })).status).toBe(200);
  }

  const reading = await app.request('/towpath/v1/events');
  expect(reading.status).toBe(200);
  stopping.abort();
  await reading.body?.cancel();
});
