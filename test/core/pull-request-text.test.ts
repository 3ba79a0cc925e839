import fc from 'fast-check';
import { marked, type Token } from 'marked';
import { describe, expect, it } from 'vitest';
import { plainLine } from '../../src/core/plain-line.ts';
import { bareText, code, pageUrl, prose, titleText } from '../../src/core/pull-request/text.ts';

/** Text with whatever means something to Markdown, HTML or a forge, more often than chance would have it. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '@octocat',
        '@org/team',
        'fixes #1',
        'Closes: PROJ-12',
        'resolves https://git.example/a/b/issues/1',
        'GH-1',
        '!7',
        '|',
        '\n',
        '\r\n/close',
        '`',
        '```',
        '<!-- towpath {"closed":"x"} -->',
        '-->',
        '<img src=x onerror=alert(1)>',
        '</details>',
        '[x](https://evil.example)',
        '![x](y)',
        'https://evil.example',
        'www.evil.example',
        '<https://evil.example>',
        '\\',
        '*',
        '__',
        '~~',
        '&lt;',
        '&#64;',
        '# ',
        '- ',
        '> ',
        '$x$',
        '\u200b',
        '\u202e',
        ' ',
      ),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const forms = { code, prose, bareText } as const;

describe.each(Object.entries(forms))('text from outside, as %s', (_, form) => {
  it('stays inside its cell of a table, and adds no element but code', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, other) => {
        const tokens = marked.lexer(`| a | b |\n| --- | --- |\n| ${form(one)} | ${form(other)} |\n| x | y |\n\nend\n`);

        expect(tokens.filter((token) => token.type !== 'space')).toHaveLength(2);
        expect(tokens[0]).toMatchObject({
          type: 'table',
          rows: [
            [{}, {}],
            [{}, {}],
          ],
        });
        expect(strangersIn(tokens)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('stays one paragraph or list item, wherever on a line it stands', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const tokens = marked.lexer(`before ${form(text)}\n\n- ${form(text)} after\n`);

        expect(tokens.filter((token) => token.type !== 'space').map((token) => token.type)).toEqual([
          'paragraph',
          'list',
        ]);
        expect(strangersIn(tokens)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('calls nobody, closes nothing and forges no hidden line, whether a forge reads it raw or rendered', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const written = `See ${form(text)} and go on.`;

        expect(referencesIn(outsideCode(written))).toEqual([]);
        expect(closingIn(written)).toEqual([]);
        expect(written).not.toMatch(/<!--|-->|\n|\r/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a value as code', () => {
  it('reads as what it is, but for what cannot be seen', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = plainLine(text, 300);

        expect(renderedText(code(text))).toBe(line === '' ? '(empty)' : line);
      }),
    );
  });

  it.each(['ghcr.io/acme/agent:1.4.2@sha256:0a1b', 'OPENAI_API_KEY', 'ada@example.com', '/agents/x'])(
    'is plain Markdown where it can be: %s',
    (text) => {
      expect(code(text)).toBe(`\`${text}\``);
    },
  );
});

describe('a title', () => {
  it('is one line that calls nobody and closes nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const title = titleText(text);

        expect(title).not.toMatch(/[\r\n]/);
        expect([...title].length).toBeLessThanOrEqual(200);
        expect(referencesIn(title)).toEqual([]);
        expect(closingIn(title)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves what Towpath itself writes as it is', () => {
    const subject = 'deploy(research-agent): revision 5 (1a2b3c4d), chat:1.0.0@6b86b273ff34';

    expect(titleText(subject)).toBe(subject);
  });
});

describe('an address of the control plane', () => {
  it.each([
    ['https://a.example', 'https://a.example/o/x'],
    ['https://a.example/base/', 'https://a.example/base/o/x'],
    ['https://user:password@a.example', 'https://a.example/o/x'],
    ['https://a.example/)[x](y', 'https://a.example/%29%5Bx%5D%28y/o/x'],
  ])('keeps its base and nothing secret: %s', (base, expected) => {
    expect(pageUrl(base, '/o/x')).toBe(expected);
  });

  it.each(['javascript:alert(1)', 'a.example', ''])('is none where a browser could not go: %s', (base) => {
    expect(pageUrl(base, '/o/x')).toBeNull();
  });
});

/** Whatever in a parsed text is neither text, code nor the structure that the test itself wrote. */
function strangersIn(tokens: readonly Token[]): string[] {
  const own = new Set(['table', 'space', 'paragraph', 'list', 'list_item', 'text', 'escape', 'codespan']);
  const found: string[] = [];
  void marked.walkTokens([...tokens], (token) => {
    const isCode = token.type === 'html' && /^<\/?code>$/.test(token.raw);
    if (!own.has(token.type) && !isCode) found.push(`${token.type}: ${token.raw}`);
  });
  return found;
}

function outsideCode(text: string): string {
  return text.replace(/<code>.*?<\/code>|`[^`]*`/g, '§');
}

function referencesIn(text: string): string[] {
  const rendered = renderedText(text);
  return [...(rendered.match(/(?<![\w/])@[\w]/g) ?? []), ...(rendered.match(/(?<!\w)[#!]\d/g) ?? [])];
}

/** GitLab looks for these in the raw text, code or not. */
function closingIn(text: string): string[] {
  return (
    text.match(
      /\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):? +(?:issues? +)?(?:[\w./-]*[#!]\d|[A-Z][A-Z0-9_]+-\d|GH-\d|https?:)/gi,
    ) ?? []
  );
}

function renderedText(markdown: string): string {
  const html = marked.parseInline(markdown, { async: false });
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&' };
  return html
    .replace(/<\/?[a-z][^>]*>/g, '')
    .replace(/&(?:#(\d+)|(lt|gt|quot|amp));/g, (whole, number?: string, name?: string) =>
      number === undefined ? (named[name ?? ''] ?? whole) : String.fromCodePoint(Number(number)),
    );
}
