/** Stops and starts single programs of the cluster in the middle of a test. */
import type { ClusterDescription } from './description.ts';

export interface ProgramControl {
  /** Starts it again, with the same ports and data; done when it is ready. */
  start(program: string): Promise<void>;
  /** TERM, and KILL when that is not enough; done when it has ended. */
  stop(program: string): Promise<void>;
  /** Ends it without a word of warning. */
  kill(program: string): Promise<void>;
  /** It keeps its connections and answers nothing, like a machine that hangs. */
  pause(program: string): Promise<void>;
  resume(program: string): Promise<void>;
}

export function programControl({ control }: Pick<ClusterDescription, 'control'>): ProgramControl {
  const ask = async (action: keyof ProgramControl, program: string): Promise<void> => {
    const headers = { Authorization: `Bearer ${control.token}` };
    const response = await fetch(`${control.url}/${action}/${program}`, { method: 'POST', headers });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    start: (program) => ask('start', program),
    stop: (program) => ask('stop', program),
    kill: (program) => ask('kill', program),
    pause: (program) => ask('pause', program),
    resume: (program) => ask('resume', program),
  };
}
