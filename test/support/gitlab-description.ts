/** Holds requests and answers to what GitLab describes: its paths, parameters, statuses and shapes. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { ForgeAnswer, ForgeCall } from './forge-server.ts';
import * as shapes from './gitlab-description-shapes.ts';

interface Operation {
  readonly line: string;
  readonly query?: readonly string[];
  readonly body?: Readonly<Record<string, 'text' | 'flag' | 'ids'>>;
  readonly needs?: readonly string[];
  /** Of success, and what it answers; refusals look alike. */
  readonly answers: readonly [status: number, shape: object];
  readonly refusals: readonly number[];
}

const pages = ['page', 'per_page'] as const;
const one = '/projects/:id/merge_requests/:iid';
const content = {
  description: 'text',
  labels: 'text',
  add_labels: 'text',
  reviewer_ids: 'ids',
  squash: 'flag',
} as const;

const operations: readonly Operation[] = [
  { line: 'GET /user', answers: [200, shapes.currentUser], refusals: [] },
  { line: 'GET /users', query: ['username', ...pages], answers: [200, shapes.users], refusals: [] },
  { line: 'GET /projects/:id', query: ['license', 'statistics'], answers: [200, shapes.project], refusals: [404] },
  { line: 'GET /projects/:id/members/all/:user_id', answers: [200, shapes.member], refusals: [404] },
  { line: 'GET /projects/:id/repository/branches/:branch', answers: [200, shapes.branch], refusals: [404] },
  {
    line: 'GET /projects/:id/repository/commits/:sha/statuses',
    query: ['ref', 'stage', 'name', 'all', 'pipeline_id', 'order_by', 'sort', ...pages],
    answers: [200, shapes.statuses],
    refusals: [404],
  },
  {
    line: 'GET /projects/:id/merge_requests',
    query: [
      ...['state', 'order_by', 'sort', 'source_branch', 'target_branch', 'scope', 'labels', 'author_username', 'view'],
      ...['updated_after', 'updated_before', 'created_after', 'created_before', 'with_merge_status_recheck', ...pages],
    ],
    answers: [200, shapes.mergeRequests],
    refusals: [404],
  },
  {
    line: 'POST /projects/:id/merge_requests',
    body: { title: 'text', source_branch: 'text', target_branch: 'text', ...content },
    needs: ['title', 'source_branch', 'target_branch'],
    answers: [201, shapes.mergeRequest],
    refusals: [400, 404, 409, 422],
  },
  { line: `GET ${one}`, answers: [200, shapes.mergeRequest], refusals: [404] },
  {
    line: `PUT ${one}`,
    body: { title: 'text', target_branch: 'text', state_event: 'text', ...content },
    answers: [200, shapes.mergeRequest],
    refusals: [400, 404, 409, 422],
  },
  {
    line: `PUT ${one}/merge`,
    body: {
      sha: 'text',
      squash: 'flag',
      squash_commit_message: 'text',
      auto_merge: 'flag',
      merge_when_pipeline_succeeds: 'flag',
    },
    answers: [200, shapes.mergeRequest],
    refusals: [401, 404, 405, 409, 422],
  },
  { line: `GET ${one}/approvals`, answers: [200, shapes.approvals], refusals: [404] },
  { line: `GET ${one}/reviewers`, answers: [200, shapes.reviewers], refusals: [404] },
  { line: `GET ${one}/versions`, query: pages, answers: [200, shapes.versions], refusals: [404] },
  {
    line: `GET ${one}/notes`,
    query: ['activity_filter', 'order_by', 'sort', ...pages],
    answers: [200, shapes.notes],
    refusals: [404],
  },
];

/** Of what stands before all endpoints: tokens, rights, limits, names that have changed, and what is out of order. */
const everywhere = [301, 304, 401, 403, 405, 429, 500, 502, 503];

const kinds = {
  text: { type: 'string' },
  flag: { type: 'boolean' },
  ids: { type: 'array', items: { type: 'integer' } },
} as const;

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const ajv = new Ajv({ allErrors: true, strict: false, formats: { 'date-time': time } });

const described = operations.map((operation) => {
  const [method = '', path = ''] = operation.line.split(' ');
  const properties = Object.fromEntries(
    Object.entries(operation.body ?? {}).map(([name, kind]) => [name, kinds[kind]]),
  );
  return {
    ...operation,
    method,
    pattern: new RegExp(`^/api/v4${path.replaceAll(/:\w+/g, '[^/]+')}$`),
    order: ajv.compile({ type: 'object', properties, required: operation.needs ?? [], additionalProperties: false }),
    shape: ajv.compile(operation.answers[1]),
  };
});
const refusal = ajv.compile(shapes.refusal);

/** All that does not fit; empty: it fits. */
export function misfits(call: ForgeCall, path: string, answer: ForgeAnswer): readonly string[] {
  const found = described.find(({ method, pattern }) => method === call.method && pattern.test(path));
  if (!found) return [`${call.method} ${path}: GitLab describes no such operation`];
  const unknown = [...call.query.keys()].filter((name) => !found.query?.includes(name));
  return [
    ...unknown.map((name) => `the query has ${name}, which is no parameter`),
    ...(found.method === 'GET' ? [] : against(found.order, call.body, 'the request')),
    ...answerMisfits(found, answer),
  ].map((problem) => `${found.line}: ${problem}`);
}

function answerMisfits(
  { answers: [success], refusals, shape }: (typeof described)[number],
  { status, body }: ForgeAnswer,
): readonly string[] {
  if (status === success) return against(shape, body, 'the answer');
  if (![...refusals, ...everywhere].includes(status)) return [`it does not answer ${status}`];
  // Some limits and proxies speak in plain text.
  return typeof body === 'object' ? against(refusal, body, `the ${status}`) : [];
}

function against(shape: ValidateFunction, value: unknown, where: string): readonly string[] {
  if (shape(value)) return [];
  return (shape.errors ?? []).map(({ instancePath, message, params }) =>
    [where, instancePath, message, 'additionalProperty' in params ? String(params['additionalProperty']) : '']
      .filter((part) => part !== '' && part !== undefined)
      .join(' '),
  );
}
