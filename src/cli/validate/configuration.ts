/** Everything that is wrong with a configuration and can be told without asking anybody: text, files, what it renders. */
import { dirname, resolve } from 'node:path';
import { Configuration } from '../../domain/configuration.ts';
import type { Finding } from '../../domain/finding.ts';
import { locate } from '../configuration/findings.ts';
import { checkConfiguration, parseSource, readConfigurationText, resolveFiles } from '../configuration/load.ts';

interface ConfigurationCheck {
  readonly path: string;
  /** False for a configuration of another machine, whose files are there. */
  readonly files: boolean;
}

export async function configurationFindings({ path, files }: ConfigurationCheck): Promise<readonly Finding[]> {
  const text = await readConfigurationText(path);
  const checked = checkConfiguration(text, path);
  const { source } = parseSource(text, path);
  const faults = checked.kind === 'invalid' ? checked.findings : [];
  if (source === null) return faults;
  const whole = checked.kind === 'valid' ? checked.configuration : null;
  const folder = dirname(resolve(path));
  const configuration = whole && resolveFiles(whole, folder);
  const { fileFindings } = await import('./files.ts');
  const { renderingFaults } = await import('./samples.ts');
  const rendered = whole ?? withoutFaults(source.document.toJS(), faults);
  const rendering = rendered === null ? [] : await renderingFaults(resolveFiles(rendered, folder));
  const found = [
    ...faults,
    ...(files ? await fileFindings(source, configuration) : []),
    ...rendering.map((one) => locate(one, source)),
  ];
  return found.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

/** What is left where every faulty option is taken out, to be tried as well; null where something needed is faulty. */
function withoutFaults(value: unknown, faults: readonly Finding[]): Configuration | null {
  for (const { pointer } of faults) {
    const path = (pointer ?? '').split('.');
    const around = path.slice(0, -1).reduce<unknown>((place, name) => (place as Whatever)?.[name], value);
    if (typeof around === 'object' && around !== null) delete (around as Record<string, unknown>)[path.at(-1) ?? ''];
  }
  const parsed = Configuration.safeParse(value);
  return parsed.success ? parsed.data : null;
}

type Whatever = Readonly<Record<string, unknown>> | undefined;
