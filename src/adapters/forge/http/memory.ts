/** Remembers answers by their ETag, so that a list that has not changed costs no part of a forge's limit. */
import type { IncomingHttpHeaders } from 'node:http';

interface RememberedAnswer {
  readonly etag: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** Of the answer's text. */
  readonly bytes: number;
}

export interface AnswerMemory {
  recall(url: string): RememberedAnswer | null;
  remember(url: string, answer: RememberedAnswer): void;
}

const most = { answers: 500, bytes: 32 * 1024 * 1024 } as const;

/** What was used least lately goes first. */
export function answerMemory(): AnswerMemory {
  const answers = new Map<string, RememberedAnswer>();
  let bytes = 0;
  const forget = (url: string): void => {
    bytes -= answers.get(url)?.bytes ?? 0;
    answers.delete(url);
  };
  return {
    recall: (url) => {
      const found = answers.get(url);
      if (!found) return null;
      // A Map keeps the order of insertion: whoever is asked for goes to its end.
      answers.delete(url);
      answers.set(url, found);
      return found;
    },
    remember: (url, answer) => {
      forget(url);
      answers.set(url, answer);
      bytes += answer.bytes;
      for (const oldest of answers.keys()) {
        if (answers.size <= most.answers && bytes <= most.bytes) return;
        forget(oldest);
      }
    },
  };
}
