/** A control plane whose lists are as long as clients and listeners can make them: many rows, and rows of the largest size. */
import { type SQL, sql } from 'drizzle-orm';
import type { DeploymentId, ListenerId } from '../../src/domain/identifiers.ts';
import type { TestControlPlane } from './control-plane.ts';

/** As many rows of each list as one page could hold, and more. */
const many = 600;
/** Rows of the largest size: together several times what one answer may hold. */
const some = 60;

const count = (number: number) => sql.raw(`generate_series(1, ${number}) i`);
/** Half of it takes two bytes in the database, the other half two in JSON. */
const text = (characters: number) => sql.raw(`repeat('"ä', ${characters / 2})`);
const json = (characters: number) => sql`to_jsonb(${text(characters)})`;
const names = (number: number, length: number) =>
  sql`(select jsonb_agg(rpad('n' || i, ${sql.raw(String(length))}, 'x')) from ${count(number)})`;
const address = (characters: number) => sql.raw(`rpad('https://a.example/', ${characters}, 'a')`);

const said = sql`'reason', 'Full', 'message', ${json(20_000)}, 'outcome', 'failed', 'at', '2026-01-01T00:00:00Z'`;
const lastReport = sql`jsonb_build_object('revisionId', gen_random_uuid(), 'stage', 'queued', 'commit', null,
  'pullRequest', ${json(2000)}, ${said})`;
const removal = sql`jsonb_build_object('kind', 'removal', 'deploymentId', gen_random_uuid(), 'commit', null,
  'retained', ${names(200, 253)}, ${said})`;
const buildSettings = sql`(select jsonb_object_agg(name, ${json(2048)}) from unnest(array['repo_ref',
  'langgraph_config_path', 'source_tarball_path', 'install_command', 'build_command']) name)`;
const resourceSpec = sql`jsonb_build_object('labels', (select jsonb_object_agg('l' || i, rpad('v', 63, 'v')) from
  ${count(900)}))`;
const references = sql`(select jsonb_agg(jsonb_build_object('name', rpad('N' || i, 253, 'N'), 'secret_name',
  rpad('s', 253, 's'), 'secret_key', rpad('k', 253, 'k'))) from ${count(500)})`;

/**
 * Straight into the tables, since as many calls would take an hour; every value is one that a call would take. The
 * deployment is the listener's, and gets many revisions and lines of its log.
 */
export async function fill(plane: TestControlPlane, listenerId: ListenerId, deploymentId: DeploymentId): Promise<void> {
  const statements = [
    ...listenerRows(listenerId),
    ...deploymentRows(deploymentId),
    ...revisionRows(deploymentId),
    sql`insert into workspaces (name) select rpad(i::text, 100, 'ä') from ${count(many)}`,
    sql`insert into api_keys (kind, workspace_id, name, email, prefix, hash)
      select 'workspace', workspace_id, rpad(i::text, 100, 'ä'), rpad('e', 200, 'e'), 'twp_w_', gen_random_uuid()::text
      from listeners, ${count(many)} where id = ${listenerId}`,
  ];
  for (const statement of statements) await plane.services.database.execute(statement);
}

function listenerRows(id: ListenerId): SQL[] {
  const audited = (target: string, detail: SQL, rows: number) =>
    sql`insert into audit (workspace_id, action, target_kind, target_id, detail)
      select workspace_id, 'listener.update', 'listener', ${target}, ${detail} from listeners, ${count(rows)}
      where id = ${id}`;
  return [
    sql`update listeners set namespaces = ${names(1000, 63)} where id = ${id}`,
    sql`insert into listeners (workspace_id, compute_type, compute_id, namespaces, version)
      select workspace_id, 'k8s', rpad('c' || i, 200, 'c'), namespaces, rpad('v', 200, 'v')
      from listeners, ${count(100)} where id = ${id}`,
    sql`insert into lanes (listener_id, namespace, report)
      select ${id}, n, jsonb_build_object('kind', 'lane', 'namespace', n, 'head', null, 'orphans', ${names(200, 500)}, ${said})
      from listeners, jsonb_array_elements_text(namespaces) n where id = ${id} limit ${some}`,
    audited('large', sql`jsonb_build_object('namespaces', namespaces)`, some),
    audited('small', sql`'{}'::jsonb`, many),
  ];
}

function deploymentRows(like: DeploymentId): SQL[] {
  return [
    sql`insert into deployments (workspace_id, listener_id, namespace, name, display_name, status, latest_revision_id,
        custom_url, reported_url, last_removal_report, last_report, listener_version)
      select workspace_id, listener_id, namespace, 'd' || i, rpad('d', 200, 'd'), 'AWAITING_DELETE', gen_random_uuid(),
        ${address(2048)}, ${address(2048)}, case when i > ${many - some} then ${removal} end, ${lastReport}, 1
      from deployments, ${count(many)} where id = ${like}`,
    sql`insert into revisions (id, deployment_id, number, status, stage, outcome, reason, message, commit, pull_request,
        image_uri, build_settings, resource_spec, secret_references, requester)
      select d.latest_revision_id, d.id, 1, 'DEPLOY_FAILED', 'queued', 'failed', 'Full',
        case when d.last_removal_report is null then 'short' else ${text(20_000)} end, repeat('a', 40),
        ${address(2048)}, rpad('a.example/', 1024, 'a'), ${buildSettings},
        case when d.last_removal_report is null then '{}' else ${resourceSpec} end,
        case when d.sequence % 40 = 0 then ${references} else '[]' end, r.requester
      from deployments d, revisions r where r.deployment_id = ${like} and r.number = 1 and d.latest_revision_id <> r.id`,
  ];
}

function revisionRows(deploymentId: DeploymentId): SQL[] {
  const lines = (message: SQL, level: string, rows: number) =>
    sql`insert into revision_logs (deployment_id, revision_id, level, message)
      select deployment_id, id, ${level}, ${message} from revisions, ${count(rows)}
      where deployment_id = ${deploymentId} and number = 1`;
  return [
    sql`insert into revisions (deployment_id, number, status, stage, outcome, reason, message, image_uri, build_settings,
        resource_spec, secret_references, requester)
      select deployment_id, 1 + i, 'DEPLOY_FAILED', 'queued', 'failed', 'Full', ${text(20_000)}, image_uri,
        ${buildSettings}, resource_spec, secret_references, requester
      from revisions, ${count(some)} where deployment_id = ${deploymentId} and number = 1`,
    lines(text(20_000), 'INFO', some),
    lines(sql`'short'`, 'INFO', 2 * many),
    // Six bytes each in JSON.
    lines(sql`repeat(chr(1), 20000)`, 'WARNING', some),
    lines(sql`'last'`, 'ERROR', 1),
  ];
}
