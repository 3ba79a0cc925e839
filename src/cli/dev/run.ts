/** Runs `towpath dev` in the foreground: starts, says what there is, and stops when it is told to. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { asTowpathError } from '../../domain/failure.ts';
import { openLog } from '../log.ts';
import { type LogOptions, logSettings } from '../options.ts';
import { prepareDataFolder } from '../server/data-folder.ts';
import { endInTime } from '../server/ending.ts';
import { isFirstProcess, stopSignal } from '../stop-signal.ts';
import { version } from '../version.ts';
import { databaseFolder } from './dev-file.ts';
import { alreadyStarting, refuseSecond } from './only-one.ts';
import { readyText } from './screen.ts';

export async function runDev(options: DevOptions): Promise<void> {
  const began = performance.now();
  // Until the database is open nothing is there that a signal could harm.
  let stopping = isFirstProcess ? stopSignal() : null;
  const dataFolder = await prepareDataFolder(options.data, ['keys']);
  await refuseSecond(dataFolder);
  const firstStart = !existsSync(join(dataFolder, databaseFolder));
  const { startDev } = await import('./start.ts');
  const progress = options.json ? () => undefined : note;
  const { port, sample } = options;
  const onOpen = (): void => {
    stopping ??= stopSignal();
  };
  const log = openLog(logSettings(options));
  const dev = await startDev({ dataFolder, port, sample, progress, log, onOpen }).catch(async (error: unknown) => {
    // One that was started at the same time is ready by now, or not yet.
    if (asTowpathError(error)?.reason !== 'DatabaseInUse') throw error;
    await refuseSecond(dataFolder);
    throw alreadyStarting(options.data);
  });
  const { signal, stopped } = stopping ?? stopSignal();
  // Asked to stop while it was starting: there is nobody left to tell.
  if (!signal.aborted) {
    const tookMs = performance.now() - began;
    const ready = { file: dev.file, version: version(), dataFolder, tookMs, firstStart, sample };
    process.stdout.write(options.json ? `${JSON.stringify(dev.file)}\n` : readyText(ready));
  }
  await stopped;
  progress('Stopping…');
  const closed = endInTime(log);
  await dev.stop();
  closed();
}

function note(text: string): void {
  process.stderr.write(`${pc.dim(text)}\n`);
}

export interface DevOptions extends LogOptions {
  readonly port: number;
  readonly data: string;
  readonly sample: boolean;
}
