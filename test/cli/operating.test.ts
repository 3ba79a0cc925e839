/** Who runs a command, and how he is asked. */
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { age } from '../../src/cli/operating/age.ts';
import { onlyNamespace } from '../../src/cli/operating/configured.ts';
import { confirmed } from '../../src/cli/operating/confirm.ts';
import { operatorOf, parseAuthor } from '../../src/cli/operating/operator.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import { runTowpath } from '../support/command-line.ts';
import { type OperatedWorld, operatedWorld } from '../support/operated-world.ts';

describe('the question', () => {
  const ask = async (answer: string | null, isTerminal = true) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const answered = confirmed({ action: 'release "chat"', question: 'Go on?' }, { input, output, isTerminal });
    if (answer === null) input.end();
    else input.write(`${answer}\n`);
    return { answer: await answered, said: String(output.read() ?? '') };
  };

  it.each([
    ['y', true],
    ['Yes', true],
    [' y ', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
    [null, false],
  ])('answered with %j goes on: %j', async (answer, goesOn) => {
    expect(await ask(answer)).toEqual({ answer: goesOn, said: expect.stringContaining('Go on? [y/N] ') });
  });

  it('that is broken off leaves its line to what is said next', async () => {
    expect((await ask(null)).said).toMatch(/\[y\/N\] \n$/);
  });

  it('is refused where nobody can answer it', async () => {
    await expect(ask('y', false)).rejects.toThrow('Cannot release "chat" unasked: standard input is no terminal');
  });
});

describe('who runs it', () => {
  it('is who is named, else whom git knows, else the account', () => {
    const grace = { GIT_AUTHOR_NAME: 'Grace', GIT_AUTHOR_EMAIL: 'grace@example.com' };

    expect(operatorOf(parseAuthor('Jane Doe <jane@example.com>'), grace)).toEqual({
      name: 'Jane Doe',
      email: 'jane@example.com',
    });
    expect(operatorOf(undefined, grace)).toEqual({ name: 'Grace', email: 'grace@example.com' });
    expect(operatorOf(undefined, {})).toEqual({
      name: expect.stringMatching(/./),
      email: expect.stringMatching(/^.+@.+$/),
    });
  });

  it.each(['Jane', '<jane@example.com>', 'Jane <>', 'Jane <a b>', 'Jane <a> more'])('is not %j', (text) => {
    expect(() => parseAuthor(text)).toThrow('Expected "Name <email>".');
  });
});

it('an age is told in the unit that says enough', () => {
  const now = new Date('2026-11-25T12:00:00Z');

  expect(
    [
      '2026-11-25T12:00:09Z',
      '2026-11-25T11:59:15Z',
      '2026-11-25T11:01:00Z',
      '2026-11-25T01:00:00Z',
      '2026-11-20T12:00:00Z',
    ].map((at) => age(new Date(at), now)),
  ).toEqual(['0 s', '45 s', '59 min', '11 h', '5 d']);
});

describe('towpath pr list', () => {
  let world: OperatedWorld | null = null;
  afterEach(() => world?.stop());

  it('says where nothing is proposed', async () => {
    world = await operatedWorld();

    const forPeople = await world.run('pr', 'list');
    const forPrograms = await world.run('pr', 'list', '--namespace', 'team-a', '--json');

    expect(forPeople).toMatchObject({ code: 0, stderr: '' });
    expect(forPeople.stdout).toContain('nothing is proposed: publication.mode is direct');
    expect(JSON.parse(forPrograms.stdout).namespaces).toEqual([
      expect.objectContaining({ namespace: 'team-a', mode: 'direct', pullRequests: [], failure: null }),
    ]);
  });

  it('says why a forge cannot be read, and ends with exit code 1', async () => {
    world = await operatedWorld({
      credentials: { passwordFile: 'api-key' },
      publication: { mode: 'proposed', forge: 'gitea', apiUrl: 'http://127.0.0.1:1/api/v1' },
    });
    // An empty repository has no pull requests to ask for.
    await world.repository.seed({ 'README.md': 'ours\n' });

    const { code, stdout, stderr } = await world.run('pr', 'list');

    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('Cannot');
    expect(stdout).toContain('No pull request is open, as far as could be read');
  });
});

it.each([
  [['hold'], 'Usage: towpath hold'],
  [['pr'], 'Usage: towpath pr'],
  [['secrets'], 'Usage: towpath secrets'],
  [['hold', 'relese'], 'Did you mean release?'],
  [['hold', 'release', '--namespace', 'team-a'], "missing required argument 'what'"],
  [['adopt', 'chat'], 'Cannot read the configuration "towpath.yaml"'],
  [['hold', 'list', '--config', '/nowhere/towpath.yaml'], 'Cannot read'],
])('%j is answered in a line or two, with exit code 1 and no stack', async (words, wanted) => {
  const { code, stdout, stderr } = await runTowpath(words);

  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(wanted);
  expect(stderr).not.toMatch(/^\s+at /m);
});

it('takes the only namespace that there is, and asks which one is meant where there are more', () => {
  const namespaces = (...names: readonly string[]) => ({
    ...Object.fromEntries(names.map((name) => [name, { repository: `https://git.example/${name}.git` }])),
  });
  const configuration = (...names: readonly string[]) =>
    Configuration.parse({
      controlPlane: { url: 'https://a.example', apiKeyEnv: 'K' },
      listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
      namespaces: namespaces(...names),
    });

  expect(onlyNamespace(configuration('team-a'), 'towpath.yaml')).toBe('team-a');
  expect(() => onlyNamespace(configuration('team-a', 'team-b'), 'towpath.yaml')).toThrow(
    'towpath.yaml names team-a, team-b; name one with --namespace',
  );
});
