/** Runs `towpath hold list`: reads each namespace by itself, and prints what waits there. */
import { listHolds } from '../../listener/operate/holds.ts';
import { survey } from '../operating/survey.ts';
import { holdsJson, holdsText } from './holds-text.ts';

/** 0, however much waits; 1 where a namespace could not be read. */
export async function holdList(options: HoldListOptions): Promise<number> {
  const all = await survey(options, listHolds);
  const { json, config } = options;
  process.stdout.write(
    json ? `${JSON.stringify(holdsJson(all, config), null, 2)}\n` : holdsText(all, config, new Date()),
  );
  return all.some(({ failure }) => failure !== null) ? 1 : 0;
}

export interface HoldListOptions {
  readonly config: string;
  readonly namespace?: string;
  readonly json?: true;
}
