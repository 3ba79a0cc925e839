/**
 * Trims what GitHub publishes of itself to what Towpath uses: `node .github/scripts/github-description.ts <folder>`, where
 * the folder holds the unpacked npm packages `openapi`, `openapi-webhooks` and `graphql-schema` of Octokit.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DefinitionNode, Kind, parse, print, visit } from 'graphql';

type Json = Readonly<Record<string, unknown>>;

const from = process.argv[2] ?? '.';
const to = join(import.meta.dirname, '../../test/fixtures/github/schemas');

const operations = `
GET /app
POST /app/installations/{installation_id}/access_tokens
GET /user
GET /repos/{owner}/{repo}
GET /repos/{owner}/{repo}/branches/{branch}
GET /repos/{owner}/{repo}/branches/{branch}/protection
GET /repos/{owner}/{repo}/collaborators/{username}/permission
GET /repos/{owner}/{repo}/commits/{ref}/check-runs
GET /repos/{owner}/{repo}/commits/{ref}/status
GET /repos/{owner}/{repo}/compare/{basehead}
GET /repos/{owner}/{repo}/git/matching-refs/{ref}
GET /repos/{owner}/{repo}/git/ref/{ref}
DELETE /repos/{owner}/{repo}/git/refs/{ref}
GET /repos/{owner}/{repo}/installation
GET /repos/{owner}/{repo}/issues/{issue_number}
POST /repos/{owner}/{repo}/issues/{issue_number}/labels
DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}
POST /repos/{owner}/{repo}/merges
GET /repos/{owner}/{repo}/pulls
POST /repos/{owner}/{repo}/pulls
GET /repos/{owner}/{repo}/pulls/{pull_number}
PATCH /repos/{owner}/{repo}/pulls/{pull_number}
PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge
POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews
GET /repos/{owner}/{repo}/rules/branches/{branch}
`;

/** Of the GraphQL types that a query goes through, the fields that are asked for; inputs and enums are kept whole. */
const graphqlFields: Readonly<Record<string, readonly string[]>> = {
  Query: ['repository'],
  Mutation: ['createCommitOnBranch', 'enablePullRequestAutoMerge', 'updateRefs'],
  Repository: ['pullRequests'],
  PullRequestConnection: ['nodes', 'pageInfo'],
  PageInfo: ['hasNextPage', 'endCursor'],
  PullRequest: ['number', 'headRefOid', 'mergeable', 'mergeStateStatus'],
  CreateCommitOnBranchPayload: ['commit'],
  Commit: ['oid'],
  EnablePullRequestAutoMergePayload: ['pullRequest'],
  UpdateRefsPayload: ['clientMutationId'],
};

const webhooks = [
  'check-run-completed',
  'check-suite-completed',
  'create',
  'delete',
  'ping',
  'pull-request-closed',
  'pull-request-edited',
  'pull-request-opened',
  'pull-request-review-dismissed',
  'pull-request-review-submitted',
  'pull-request-synchronize',
  'push',
  'repository-renamed',
  'repository-transferred',
  'status',
  'workflow-run-completed',
];

/** What `src/core/webhook/event.ts` looks at, at any depth. */
const webhookFields = new Set(
  'base branches changes clone_url from full_name html_url pull_request ref ref_type repository ssh_url url zen'.split(
    ' ',
  ),
);

function json(path: string): Json {
  return JSON.parse(readFileSync(join(from, path), 'utf8')) as Json;
}

function at(document: unknown, pointer: readonly string[]): unknown {
  return pointer.reduce((place, key) => (place as Json | undefined)?.[key], document);
}

const isLink = (name: string): boolean => /_url$/.test(name) && !['html_url', 'clone_url', 'ssh_url'].includes(name);

/** Without prose, examples, and the links that nobody follows; with `only`, without properties of other names, too. */
function trimmed(value: unknown, only: ReadonlySet<string> | null = null): unknown {
  if (Array.isArray(value)) return value.map((each) => trimmed(each, only));
  if (typeof value !== 'object' || value === null) return value;
  const isKept = (name: string): boolean => !isLink(name) && (only?.has(name) ?? true);
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (['description', 'example', 'examples', 'title', 'externalDocs', 'default'].includes(key)) return [];
    // What was left out would not be allowed.
    if (key === 'additionalProperties' && inner === false) return [];
    if (key.startsWith('x-') || inner === 'uri' || inner === 'uri-template') return [];
    if (key === 'required' && Array.isArray(inner)) return [[key, inner.filter(isKept)]];
    if (key !== 'properties') return [[key, trimmed(inner, only)]];
    const properties = Object.entries(inner as Json).filter(([name]) => isKept(name));
    return [[key, Object.fromEntries(properties.map(([name, schema]) => [name, trimmed(schema, only)]))]];
  });
  return Object.fromEntries(entries);
}

function schemasNamedIn(document: Json, roots: unknown, only: ReadonlySet<string> | null = null): Json {
  const found = new Map<string, unknown>();
  const look = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name)) continue;
      const schema = trimmed(at(document, ['components', 'schemas', name]), only);
      found.set(name, schema);
      look(schema);
    }
  };
  look(roots);
  return Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function resolved(document: Json, value: unknown): Json {
  const reference = (value as Json)['$ref'];
  return (typeof reference === 'string' ? at(document, reference.split('/').slice(1)) : value) as Json;
}

function bodyOf(holder: Json | undefined, only: ReadonlySet<string> | null = null): unknown {
  const content = Object.values((holder?.['content'] ?? {}) as Json)[0] as Json | undefined;
  return content?.['schema'] === undefined ? null : trimmed(content['schema'], only);
}

function rest(): Json {
  const document = json('openapi/generated/api.github.com.json');
  const operation = (line: string): [string, unknown] => {
    const [method = '', path = ''] = line.split(' ');
    const found = at(document, ['paths', path, method.toLowerCase()]) as Json;
    const parameters = ((found['parameters'] ?? []) as unknown[]).map((each) => {
      const { name, in: where, required = false, schema } = resolved(document, each);
      return { name, in: where, required, schema: trimmed(schema) };
    });
    const answers = Object.entries(found['responses'] as Json).map(([status, each]): [string, unknown] => {
      return [status, bodyOf(resolved(document, each))];
    });
    const request = found['requestBody'] === undefined ? null : bodyOf(resolved(document, found['requestBody']));
    return [line, { parameters, request, answers: Object.fromEntries(answers) }];
  };
  const found = Object.fromEntries(operations.trim().split('\n').map(operation));
  const errors = { $ref: '#/components/schemas/basic-error' };
  return { operations: found, schemas: schemasNamedIn(document, [found, errors]) };
}

function webhook(): Json {
  const document = json('openapi-webhooks/generated/api.github.com.json');
  const found = webhooks.map((name): [string, unknown] => {
    const request = at(document, ['webhooks', name, 'post', 'requestBody']) as Json;
    return [name, bodyOf(request, webhookFields)];
  });
  return { operations: Object.fromEntries(found), schemas: schemasNamedIn(document, found, webhookFields) };
}

function graphql(): string {
  const document = parse(readFileSync(join(from, 'graphql-schema/schema.graphql'), 'utf8'), { noLocation: true });
  const named = new Map<string, DefinitionNode>();
  for (const each of document.definitions) if ('name' in each && each.name) named.set(each.name.value, each);
  const kept = new Map<string, DefinitionNode>();
  const keep = (name: string): void => {
    const found = named.get(name);
    if (!found || kept.has(name)) return;
    const fields = graphqlFields[name];
    const part = visit(found, {
      enter: (node) => {
        if (node.kind === Kind.FIELD_DEFINITION && !fields?.includes(node.name.value)) return null;
        return node.kind === Kind.DIRECTIVE ? null : undefined;
      },
      leave: (node) => {
        if (node.kind === Kind.OBJECT_TYPE_DEFINITION) return { ...node, interfaces: [], description: undefined };
        return 'description' in node ? { ...node, description: undefined } : undefined;
      },
    }) as DefinitionNode;
    kept.set(name, part);
    visit(part, { NamedType: (node) => keep(node.name.value) });
  };
  for (const root of ['Query', 'Mutation']) keep(root);
  return `${[...kept.values()].map(print).join('\n\n')}\n`;
}

/** A line a schema, so that a newer description is read as a difference. */
function lines({ operations: all, schemas }: Json): string {
  const part = (value: unknown): string =>
    Object.entries(value as Json)
      .map(([name, each]) => `${JSON.stringify(name)}: ${JSON.stringify(each)}`)
      .join(',\n');
  return `{"operations": {\n${part(all)}\n},\n"schemas": {\n${part(schemas)}\n}}\n`;
}

writeFileSync(join(to, 'rest.json'), lines(rest()));
writeFileSync(join(to, 'webhooks.json'), lines(webhook()));
writeFileSync(join(to, 'schema.graphql'), graphql());
