/** Labels of a Gitea repository by name: it takes ids, ignores what it does not know, and lets two have one name. */
import { z } from 'zod';
import { asTowpathError } from '../../../domain/failure.ts';
import type { Log } from '../../../ports.ts';
import type { ForgeHttp } from '../http/http.ts';
import { shaped } from '../http/shape.ts';
import { GiteaLabel } from './shapes.ts';

export interface GiteaLabels {
  /** Makes those that are missing; what these credentials may not make is left out. */
  idsOf(names: readonly string[]): Promise<readonly number[]>;
  /** Somebody may have deleted one: the next question is asked anew. */
  forget(): void;
}

interface Surroundings {
  readonly http: ForgeHttp;
  /** `/repos/owner/name`, encoded. */
  readonly path: string;
  /** `/orgs/owner`: an organisation's labels serve all its repositories. */
  readonly organisation: string;
  readonly pageSize: number;
  readonly log: Pick<Log, 'warn'>;
}

export function giteaLabels(surroundings: Surroundings): GiteaLabels {
  let known: Promise<Map<string, number>> | null = null;
  const load = (): Promise<Map<string, number>> => {
    known ??= readLabels(surroundings).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
  return {
    idsOf: async (names) => {
      if (names.length === 0) return [];
      const ids = await load().catch((error: unknown) => withoutLabels(surroundings, names, error));
      if (ids === null) return [];
      // One after the other: the same name twice must not become two labels.
      for (const name of names) {
        if (ids.has(name)) continue;
        const id = await makeLabel(surroundings, name);
        if (id !== null) ids.set(name, id);
      }
      return [...new Set(names.flatMap((name) => ids.get(name) ?? []))];
    },
    forget: () => {
      known = null;
    },
  };
}

/** A token may lack the scope for labels: a pull request without them is better than none. */
function withoutLabels({ log }: Surroundings, labels: readonly string[], error: unknown): null {
  if (asTowpathError(error)?.reason !== 'ForgeForbidden') throw error;
  log.warn('Went on without labels', { labels, error: asTowpathError(error)?.message });
  return null;
}

async function readLabels({ http, path, organisation, pageSize }: Surroundings): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  const purpose = 'list the labels';
  for (const place of [path, organisation]) {
    // A user's repository has no organisation, and a token may be shut out of it.
    const accept = place === organisation ? [403, 404] : [];
    for await (const { status, body } of http.pages(`${place}/labels`, {
      purpose,
      query: { limit: pageSize },
      accept,
    })) {
      if (status !== 200) break;
      // Of two labels of one name the repository's own, and the older one, is taken.
      for (const { id, name } of shaped(http, purpose, z.array(GiteaLabel), body)) {
        if (!ids.has(name)) ids.set(name, id);
      }
    }
  }
  return ids;
}

async function makeLabel({ http, path, log }: Surroundings, name: string): Promise<number | null> {
  const purpose = `make the label "${name}"`;
  const color = name === 'deletes' ? '#d73a4a' : '#6e7781';
  try {
    const { body } = await http.post(`${path}/labels`, { name, color, description: 'Given by Towpath' }, { purpose });
    return shaped(http, purpose, GiteaLabel, body).id;
  } catch (error) {
    const reason = asTowpathError(error)?.reason ?? '';
    if (!['ForgeForbidden', 'ForgeInvalid', 'ForgeMissing'].includes(reason)) throw error;
    log.warn('Went on without a label', { label: name, error: asTowpathError(error)?.message });
    return null;
  }
}
