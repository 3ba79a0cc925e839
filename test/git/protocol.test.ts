/** Packets, refs and pushes on many refs at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitBuilder } from '../../src/git/commit-builder.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { noObject } from '../../src/git/object-id.ts';
import { PacketReader, packet, readPackets } from '../../src/git/pkt-line.ts';
import { ReceivePack } from '../../src/git/receive-pack.ts';
import { plainText } from '../../src/git/sideband.ts';
import type { GitService, Transport } from '../../src/git/transport.ts';
import { UploadPack } from '../../src/git/upload-pack.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';

describe('pkt-lines', () => {
  const bytes = Buffer.concat([packet('one\n'), Buffer.from('00000001'), packet(''), packet('two')]);

  it('come whole, in whatever pieces they arrive', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new PacketReader();
      const packets = [];
      for (let at = 0; at < bytes.length; at += size) packets.push(...reader.feed(bytes.subarray(at, at + size)));
      reader.end();

      expect(packets.map((one) => (one.kind === 'data' ? one.payload.toString() : one.kind))).toEqual([
        'one\n',
        'flush',
        'delimiter',
        '',
        'two',
      ]);
    }
  });

  it.each([['<html>'], ['0003'], ['zzzz'], ['00ffshort']])('refuse %j', (text) => {
    expect(() => readPackets(Buffer.from(text))).toThrow(RangeError);
  });

  it('are not longer than git allows', () => {
    expect(() => packet(Buffer.alloc(65517))).toThrow(RangeError);
  });
});

describe('what a server says to people', () => {
  it('becomes one line without progress and control characters', () => {
    const said =
      'remote: Resolving deltas:  50% (1/2)\rremote: Resolving deltas: 100% (2/2)\n\u001b[31mno\u0007 way\u001b[0m\n\nask Ada\n';

    expect(plainText(said)).toBe('no way; ask Ada');
    expect(plainText('x'.repeat(5000))).toHaveLength(601);
  });
});

/** Says what it is told to say, and remembers what it was asked. */
function scripted(advertisement: Buffer, answer: Buffer): Transport & { readonly asked: Buffer[] } {
  const asked: Buffer[] = [];
  return {
    url: 'test://server',
    asked,
    advertise: async () => advertisement,
    async *request(_service: GitService, body) {
      asked.push(Buffer.concat(body));
      yield answer;
    },
    close: async () => {},
  };
}

describe('UploadPack', () => {
  it('says nothing of itself to a server that has not asked', async () => {
    const old = Buffer.concat([packet('version 2\n'), packet('ls-refs\n'), packet('fetch\n'), Buffer.from('0000')]);
    const transport = scripted(old, Buffer.from('0000'));

    await new UploadPack(transport).listRefs(['refs/heads/main']);

    expect(transport.asked[0]?.toString()).toBe('0014command=ls-refs\n0001001fref-prefix refs/heads/main\n0000');
  });

  it.each([
    ['is empty', ''],
    ['breaks off between two lines', packet(`${'1'.repeat(40)} refs/heads/main\n`).toString()],
    ['names no id', `${packet('main refs/heads/main\n')}0000`],
    ['names an id of another kind', `${packet(`${'1'.repeat(64)} refs/heads/main\n`)}0000`],
    ['names no branch', `${packet(`${'1'.repeat(40)}\n`)}0000`],
  ])('takes a list of branches for none where it %s', async (_how, list) => {
    const transport = scripted(Buffer.concat([packet('version 2\n'), Buffer.from('0000')]), Buffer.from(list));

    const error = await new UploadPack(transport).listRefs(['refs/heads/']).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ failure: 'unreachable', message: expect.stringMatching(/list of branches/) });
  });

  it.each([
    ['version 1', [packet('version 1\n')], 'version 2'],
    ['SHA-256', [packet('version 2\n'), packet('object-format=sha256\n')], 'SHA-256'],
    ['an error', [packet('ERR Repository not found.')], 'Repository not found'],
  ])('refuses a server that speaks of %s', async (_name, packets, words) => {
    const transport = scripted(Buffer.concat([...packets, Buffer.from('0000')]), Buffer.alloc(0));

    await expect(new UploadPack(transport).abilities()).rejects.toThrow(words);
  });
});

const flush = Buffer.from('0000');

describe('ReceivePack', () => {
  let server: GitServer;
  beforeAll(async () => {
    server = await startGitServer();
  });
  afterAll(() => server.close());

  const world = async (name: string) => {
    const remote = await server.repository(name);
    const head = await remote.seed({ a: '1' });
    const transport = new HttpTransport({ url: remote.url });
    const builder = new CommitBuilder({ commit: null, tree: null }, () => undefined);
    const person = { name: 'Grace', email: 'grace@example.com', at: new Date(0) };
    const changes = [{ kind: 'write' as const, path: 'b', content: '2' }];
    const newId = (await builder.add({ message: 'b', author: person, committer: person, changes })) ?? '';
    return { remote, head, newId, pack: builder.pack(), transport, receive: new ReceivePack(transport) };
  };

  it('moves many refs at once, or none of them', async () => {
    const { remote, head, newId, pack, transport, receive } = await world('many');
    const one = { ref: 'refs/heads/one', oldId: noObject, newId };
    const stale = { ref: 'refs/heads/main', oldId: newId, newId: head };

    const refused = await receive.push([one, stale], pack);
    expect(refused.refused).not.toBeNull();
    expect(await remote.head('one')).toBeNull();
    expect(await remote.head('main')).toBe(head);

    const two = { ref: 'refs/heads/two', oldId: noObject, newId };
    expect(await receive.push([one, two], pack)).toMatchObject({ refused: null });
    expect([await remote.head('one'), await remote.head('two')]).toEqual([newId, newId]);
    await transport.close();
  });

  it('takes refs away, without a pack', async () => {
    const { remote, head, newId, pack, transport, receive } = await world('away');
    await receive.push([{ ref: 'refs/heads/gone', oldId: noObject, newId }], pack);

    const report = await receive.push([{ ref: 'refs/heads/gone', oldId: newId, newId: noObject }], null);

    expect(report.refused).toBeNull();
    expect(await remote.head('gone')).toBeNull();
    expect(await remote.head('main')).toBe(head);
    await transport.close();
  });

  it('moves each ref by itself, and tells of each what became of it', async () => {
    const { remote, head, newId, pack, transport, receive } = await world('each');
    const one = { ref: 'refs/heads/one', oldId: noObject, newId };
    const stale = { ref: 'refs/heads/main', oldId: newId, newId: head };

    const report = await receive.pushEach([one, stale], pack);

    expect(report.pack).toBeNull();
    expect(report.refs).toEqual([
      { ref: 'refs/heads/one', refused: null },
      { ref: 'refs/heads/main', refused: expect.stringMatching(/./) },
    ]);
    expect([await remote.head('one'), await remote.head('main')]).toEqual([newId, head]);
    await transport.close();
  });

  it('takes a ref that the report leaves out for refused, and all of them with a pack that is', async () => {
    const advertise = Buffer.concat([packet(`${'1'.repeat(40)} refs/heads/main\0report-status\n`), flush]);
    const refs = ['refs/heads/a', 'refs/heads/b'].map((ref) => ({ ref, oldId: noObject, newId: '1'.repeat(40) }));
    const silent = Buffer.concat([packet('unpack ok\n'), packet('ok refs/heads/a\n'), flush]);
    const full = Buffer.concat([packet('unpack disk full\n'), packet('ng refs/heads/a unpacker error\n'), flush]);

    const left = await new ReceivePack(scripted(advertise, silent)).pushEach(refs, null);
    const none = await new ReceivePack(scripted(advertise, full)).pushEach(refs, null);

    expect(left.refs.map(({ refused }) => refused)).toEqual([null, expect.stringContaining('nothing about it')]);
    expect(none.pack).toContain('disk full');
    expect(none.refs.every(({ refused }) => refused !== null)).toBe(true);
  });

  it('does not take a report that leaves out the ref for a success', async () => {
    const advertise = Buffer.concat([packet(`${'1'.repeat(40)} refs/heads/main\0report-status\n`), flush]);
    const receive = new ReceivePack(scripted(advertise, packet('unpack ok\n')));
    const update = { ref: 'refs/heads/main', oldId: '1'.repeat(40), newId: '2'.repeat(40) };

    await expect(receive.push([update], null)).rejects.toMatchObject({ failure: 'unreachable' });
  });

  it('does not try to delete where the server offers no deleting', async () => {
    const advertise = Buffer.concat([packet(`${'1'.repeat(40)} refs/heads/main\0report-status\n`), flush]);
    const receive = new ReceivePack(scripted(advertise, flush));
    const update = { ref: 'refs/heads/a', oldId: '1'.repeat(40), newId: noObject };

    await expect(receive.pushEach([update], null)).rejects.toMatchObject({ failure: 'denied' });
  });

  it('repeats what a server without side bands reports', async () => {
    const advertisement = Buffer.concat([
      packet(`${'1'.repeat(40)} refs/heads/main\0report-status\n`),
      Buffer.from('0000'),
    ]);
    const answer = Buffer.concat([
      packet('unpack ok\n'),
      packet('ng refs/heads/main fetch first\n'),
      Buffer.from('0000'),
    ]);
    const receive = new ReceivePack(scripted(advertisement, answer));

    const report = await receive.push([{ ref: 'refs/heads/main', oldId: noObject, newId: noObject }], null);

    expect(report.refused).toBe('fetch first');
  });
});
