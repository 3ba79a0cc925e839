/** A real Gitea on 127.0.0.1 with a Postgres of its own: an administrator, a bot and a reviewer, each with a token. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { buildProgram } from './build.ts';
import { type GiteaClient, type GiteaUser, giteaClient } from './gitea-client.ts';
import { giteaFiles } from './gitea-files.ts';
import type { Say } from './go.ts';
import { answers } from './http-answers.ts';
import { freePorts } from './ports.ts';
import { Programs } from './programs.ts';
import { openRunFolder } from './run-folder.ts';

const run = promisify(execFile);

export interface Gitea extends GiteaClient {
  /** Ends it and takes its data away. */
  stop(): Promise<void>;
  /** Ends it without a word of warning; `start` brings it back with its data. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Builds it if need be (five minutes, once); starting takes three seconds. */
export async function startGitea(say: Say = () => undefined): Promise<Gitea> {
  const program = await buildProgram('gitea', say);
  const files = await giteaFiles(say);
  const postgres = await startPostgres();
  const folder = openRunFolder();
  const programs = new Programs(folder);
  const end = (): void => {
    programs.killAll();
    folder.remove();
  };
  process.once('exit', end);
  const stop = async (): Promise<void> => {
    await programs.stopAll();
    await postgres.stop();
    folder.remove();
    process.off('exit', end);
  };
  try {
    const { http } = await freePorts('http');
    const url = `http://127.0.0.1:${http}`;
    const work = await layDown({ folder: join(folder.path, 'gitea'), url, port: http, files, postgres });
    const { env, configuration } = work;
    await programs.launch({
      name: 'gitea',
      command: program,
      args: ['--config', configuration, 'web'],
      env,
      ready: () => answers(`${url}/api/healthz`),
    });
    const admin = await makeAdministrator(program, work);
    const client = await giteaClient(url, admin);
    return { ...client, stop, kill: () => programs.kill('gitea'), start: () => programs.start('gitea') };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  readonly files: string;
  readonly postgres: PostgresServer;
}

interface Work {
  readonly configuration: string;
  readonly env: Readonly<Record<string, string>>;
}

async function layDown(place: Place): Promise<Work> {
  const { folder } = place;
  for (const name of ['conf', 'data', 'home']) mkdirSync(join(folder, name), { recursive: true });
  const configuration = join(folder, 'conf', 'app.ini');
  const sections = settingsOf(place, new URL(await place.postgres.createDatabase()));
  const text = Object.entries(sections).map(([name, values]) => {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    return [...(name === '' ? [] : [`[${name}]`]), ...lines, ''].join('\n');
  });
  // Gitea itself adds the secrets that are missing.
  writeFileSync(configuration, text.join('\n'), { mode: 0o600 });
  const env = {
    GITEA_WORK_DIR: folder,
    GITEA_CUSTOM: folder,
    HOME: join(folder, 'home'),
    GIT_CONFIG_NOSYSTEM: '1',
    ...(process.getuid?.() === 0 ? { GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: 'true' } : {}),
  };
  return { configuration, env };
}

type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

function settingsOf({ folder, url, port, files }: Place, database: URL): Sections {
  return {
    '': { RUN_MODE: 'prod', WORK_PATH: folder, RUN_USER: userInfo().username },
    server: {
      ...{ PROTOCOL: 'http', HTTP_ADDR: '127.0.0.1', HTTP_PORT: port, DOMAIN: '127.0.0.1' },
      ...{ ROOT_URL: `${url}/`, LOCAL_ROOT_URL: `${url}/`, DISABLE_SSH: true, OFFLINE_MODE: true },
      ...{ STATIC_ROOT_PATH: files, LFS_START_SERVER: false },
    },
    database: {
      ...{ DB_TYPE: 'postgres', HOST: database.host, NAME: database.pathname.slice(1), SSL_MODE: 'disable' },
      ...{ USER: database.username, PASSWD: database.password },
    },
    repository: { ROOT: join(folder, 'data', 'repos'), DEFAULT_BRANCH: 'main' },
    security: { INSTALL_LOCK: true, SECRET_KEY: randomBytes(32).toString('hex'), PASSWORD_HASH_ALGO: 'pbkdf2_v2' },
    service: { DISABLE_REGISTRATION: true, ENABLE_NOTIFY_MAIL: false, DEFAULT_KEEP_EMAIL_PRIVATE: true },
    webhook: { ALLOWED_HOST_LIST: 'loopback', DELIVER_TIMEOUT: 5 },
    session: { PROVIDER: 'memory' },
    indexer: { ISSUE_INDEXER_TYPE: 'db', REPO_INDEXER_ENABLED: false },
    queue: { TYPE: 'channel' },
    mailer: { ENABLED: false },
    actions: { ENABLED: false },
    packages: { ENABLED: false },
    picture: { DISABLE_GRAVATAR: true },
    'cron.update_checker': { ENABLED: false },
    log: { MODE: 'console', LEVEL: 'Info' },
  };
}

async function makeAdministrator(program: string, { configuration, env }: Work): Promise<GiteaUser> {
  const [name, password] = ['root-admin', randomBytes(12).toString('hex')];
  const account = ['--admin', '--username', name, '--email', `${name}@example.invalid`, '--password', password];
  const token = ['--access-token', '--access-token-name', 'tests', '--access-token-scopes', 'all'];
  const { stdout } = await run(
    program,
    ['--config', configuration, 'admin', 'user', 'create', '--must-change-password=false', ...account, ...token],
    { env: { ...process.env, ...env } },
  );
  const value = /\b[0-9a-f]{40}\b/.exec(stdout)?.[0];
  if (value === undefined) throw new Error(`Cannot read the administrator's token: Gitea said ${stdout}`);
  return { name, password, token: value };
}
