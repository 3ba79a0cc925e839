/** Who does not lead changes nothing, neither in git nor in the cluster; who leads is heard, whatever the term was. */
import { afterEach, expect, it } from 'vitest';
import { type ClusterWorld, clusterWorld } from '../support/cluster-world.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
afterEach(() => world.stop());

function lease(term: number) {
  const state = { isHeld: true, raised: [] as number[] };
  const leadership = {
    term,
    isHeld: () => state.isHeld,
    raiseTerm: async (above: number) => {
      state.raised.push(above);
      return above + 1;
    },
  };
  return { state, leadership };
}

/** The control plane has heard a leader of that term. */
function refuseBelow(term: number): number[] {
  const taken: number[] = [];
  const inner = world.plane.url;
  world.plane.script = (request, response) => {
    if (!request.url?.endsWith('/reports') || request.headers['x-checked'] !== undefined) return false;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const asked = (JSON.parse(body) as { term: number }).term;
      if (asked < term) {
        response.writeHead(409, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ detail: 'a newer leader has reported' }));
        return;
      }
      taken.push(asked);
      const headers = { 'content-type': 'application/json', 'x-api-key': 'listener-key', 'x-checked': 'yes' };
      void fetch(`${inner}${request.url}`, { method: 'POST', headers, body }).then((answer) => {
        response.writeHead(answer.status);
        response.end();
      });
    });
    return true;
  };
  return taken;
}

it('pushes nothing and makes no Secret without leading, and goes on when it leads again', async () => {
  const { state, leadership } = lease(1);
  world = await clusterWorld({ setup: { leadership } });
  state.isHeld = false;
  const id = world.plane.create('chat', { secrets: { TOKEN: 'planted' } });
  world.engine.work();
  world.start();
  await until('the lane to wait', () => world.log.lines.some((line) => line.includes('NotLeading')));
  await until('another attempt', () => world.log.lines.filter((line) => line.includes('NotLeading')).length > 1);

  expect(world.remote.head).toBeNull();
  expect(world.cluster.calls.filter((call) => call.startsWith('applySecret'))).toEqual([]);
  expect(world.told(id)).toEqual([]);
  expect(world.log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  state.isHeld = true;
  await world.hear(id, 'healthy succeeded');
});

it('raises its term where the control plane has seen a higher one, and its reports arrive', async () => {
  const { state, leadership } = lease(3);
  world = await clusterWorld({ setup: { leadership } });
  const taken = refuseBelow(7);
  const id = world.plane.create('chat');
  world.engine.work();

  world.start();
  await world.hear(id, 'healthy succeeded');

  expect(state.raised.length).toBeGreaterThan(0);
  expect(Math.min(...taken)).toBeGreaterThanOrEqual(7);
});

it('raises nothing and is not heard where it does not lead any more', async () => {
  const { state, leadership } = lease(3);
  world = await clusterWorld({ setup: { leadership } });
  const id = world.plane.create('chat');
  world.start();
  await world.hear(id, 'committed progressing');
  const taken = refuseBelow(4);
  state.isHeld = false;

  world.engine.sync();
  await until('a refusal', () => world.log.lines.some((line) => line.includes('Cannot report to the control plane')));

  expect([taken, state.raised]).toEqual([[], []]);
  expect(world.last(id)?.stage).toBe('committed');
});
