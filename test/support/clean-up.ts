/** What has to be done once the last test of a file is over. */
const actions: (() => Promise<unknown>)[] = [];

/** Runs after the file's own hooks; what was asked for last is done first. */
export function whenFileEnds(action: () => Promise<unknown>): void {
  actions.push(action);
}

export async function cleanUp(): Promise<void> {
  for (const action of actions.splice(0).reverse()) await action();
}
