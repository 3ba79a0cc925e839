/** kube-score, with every check that it has. */
import { type Finding, finding } from './finding.ts';
import { run } from './run.ts';
import type { WrittenSubjects } from './subject.ts';

interface Scored {
  readonly file_name: string;
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
  }[];
}

const allRight = 10;

/** Each subject by itself: a budget or a NetworkPolicy counts for the pods that come with it. */
export async function kubeScore(program: string, written: WrittenSubjects, minor: string): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for (const [, name] of written.subjects) {
    const files = [...written.files].filter(([, { subject }]) => subject === name).map(([path]) => path);
    const options = [
      '--all-default-optional',
      '--disable-ignore-checks-annotations',
      '--kubernetes-version',
      `v${minor}`,
    ];
    const answer = await run(program, ['score', ...options, '--output-format', 'json', ...files]);
    all.push(...((JSON.parse(answer) ?? []) as Scored[]).flatMap((scored) => findingsOf(scored, written)));
  }
  return all;
}

function findingsOf({ file_name: file, checks }: Scored, written: WrittenSubjects): readonly Finding[] {
  return checks
    .filter(({ skipped, grade }) => !skipped && grade < allRight)
    .map(({ check, comments }) => {
      const words = (comments ?? []).map(({ path, summary }) => (path ? `${path}: ${summary}` : summary));
      return finding(written, `kube-score/${check.id}`, file, words.join('; '));
    });
}
