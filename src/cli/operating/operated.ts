/** A command that commits: shows what it would do, asks, does it, and says what became of it. */
import pc from 'picocolors';
import type { Identity } from '../../core/plain-line.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { type Command, type Operated, type Operation, operate, type Sent } from '../../listener/operate/operate.ts';
import type { Changes, CommitShown } from '../../listener/operate/shown.ts';
import type { FilePreview } from '../../listener/preview.ts';
import { fileText } from '../plan/plan-text.ts';
import { version } from '../version.ts';
import { configurationOf, onlyNamespace, wired } from './configured.ts';
import { confirmed, processTerminal, type Question } from './confirm.ts';
import { operatorOf } from './operator.ts';

export interface OperateOptions {
  readonly config: string;
  /** Left out where the configuration names one alone. */
  readonly namespace?: string;
  readonly yes?: true;
  readonly json?: true;
  readonly author?: Identity;
}

interface Shown extends Changes {
  /** Each a sentence. */
  readonly warnings: readonly string[];
}

export interface Operating<S extends Shown> {
  readonly question: Question;
  readonly command: (operation: Operation, confirm: Command<S>['confirm']) => Command<S>;
  /** What belongs to this command alone, as lines for people. */
  readonly lines?: (shown: S) => readonly string[];
  /** Cipher text says nothing to a reader: the files are named instead. */
  readonly diffs?: 'names';
  /** Whether something of it could not be done, though the rest was. */
  readonly failed?: (shown: S) => boolean;
}

/** 0: done, or nothing to do; 1: declined, or refused in part. */
export async function runOperation<S extends Shown>(
  options: OperateOptions,
  operatingIn: (namespace: NamespaceName) => Operating<S>,
): Promise<number> {
  const configuration = await configurationOf(options);
  const namespace = onlyNamespace(configuration, options.config);
  const operating = operatingIn(namespace);
  return wired(configuration, 'operate', async (ports) => {
    const operator = operatorOf(options.author);
    const operation: Operation = { ports, configuration, towpathVersion: version(), namespace, operator };
    const say = (text: string): boolean => (options.json ? process.stderr : process.stdout).write(text);
    const confirm = async (shown: S): Promise<boolean> => {
      if (!(options.json && options.yes))
        say(shownText(shown, operating.lines?.(shown) ?? [], operating.diffs === 'names' ? nameText : fileText));
      return options.yes ?? confirmed(operating.question, processTerminal());
    };
    const operated = await operate(operation, operating.command(operation, confirm));
    const repository = ports.namespaces.get(namespace)?.repository;
    const where = { namespace, repository: repository?.url ?? '', branch: repository?.branch ?? '' };
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ...where, ...operatedJson(operated) }, null, 2)}\n`
        : operatedText(operated, where, operating.lines?.(operated.shown) ?? []),
    );
    const isFailed = operating.failed?.(operated.shown) ?? false;
    return isFailed || operated.kind === 'declined' || operated.refused.length > 0 ? 1 : 0;
  });
}

function shownText(shown: Shown, own: readonly string[], textOf: (file: FilePreview) => string): string {
  const commits = shown.commits.map((commit) => commitText(commit, textOf));
  const warnings = shown.warnings.map((warning) => `  ${pc.magenta('!')} ${warning}`);
  return `${[...commits, ...own, ...warnings].join('\n')}\n`;
}

/** A folder that goes as a whole is no diff to read. */
function commitText({ subject, path, files }: CommitShown, textOf: (file: FilePreview) => string): string {
  if (files.every(({ after }) => after === null)) {
    return `  ${pc.red('-')} ${pc.bold(subject)}\n      ${pc.dim(`${path}, ${files.length} files`)}`;
  }
  return [`  ${pc.yellow('~')} ${pc.bold(subject)}`, ...files.map(textOf)].join('\n');
}

function nameText({ path, before, after }: FilePreview): string {
  const word = before === null ? 'added' : after === null ? 'removed' : 'changed';
  return `      ${word} ${path}`;
}

interface Where {
  readonly namespace: NamespaceName;
  readonly repository: string;
  readonly branch: string;
}

function operatedText(
  operated: Operated<Shown>,
  { namespace, branch, repository }: Where,
  own: readonly string[],
): string {
  const { kind, shown, sent, refused } = operated;
  if (kind === 'declined') return 'Nothing was changed.\n';
  if (kind === 'nothing') return `${[...shown.warnings, ...own].join('\n')}\n`;
  const lines = [
    ...sent.map(
      (each) => `${pc.green('✓')} ${subjectOf(each.draft)}\n    ${whereTo(each, `${branch} of ${repository}`)}`,
    ),
    ...proposedLines(sent, namespace, branch),
    ...refused.map(({ draft, message }) => `${pc.red('✗')} ${subjectOf(draft)}\n    ${message}`),
  ];
  return `${lines.join('\n')}\n`;
}

function whereTo(sent: Sent, branch: string): string {
  return sent.kind === 'pushed'
    ? `pushed as ${sent.commit.slice(0, 12)} to ${branch}`
    : `proposed by pull request #${sent.pullRequest.number}: ${sent.pullRequest.url}`;
}

/** What is proposed has changed nothing yet. */
function proposedLines(sent: readonly Sent[], namespace: NamespaceName, branch: string): readonly string[] {
  if (sent.every(({ kind }) => kind === 'pushed')) return [];
  return [
    `Branch ${branch} stays as it is until it is merged; towpath pr list --namespace ${namespace} shows how it fares.`,
  ];
}

function operatedJson({ kind, shown, sent, refused }: Operated<Shown>) {
  return {
    ...shown,
    outcome: kind,
    commits: sent.map((each) => ({
      subject: subjectOf(each.draft),
      path: each.draft.path,
      commit: each.kind === 'pushed' ? each.commit : null,
      pullRequest: each.kind === 'proposed' ? { number: each.pullRequest.number, url: each.pullRequest.url } : null,
    })),
    refused: refused.map(({ draft, message }) => ({ subject: subjectOf(draft), path: draft.path, message })),
  };
}

function subjectOf({ commit }: { readonly commit: { readonly message: string } }): string {
  return commit.message.split('\n', 1)[0] ?? '';
}
