/** Runs `towpath control-plane rotate-key`: every stored secret value under the current key. */
import pc from 'picocolors';
import { rotateSecrets } from '../../control-plane/secrets/rotate-secrets.ts';
import { openDatabase } from '../../control-plane/store/database.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { ControlPlaneOptions } from './control-plane-options.ts';
import { existingOpening } from './opening.ts';

export async function rotateKey(options: ControlPlaneOptions): Promise<void> {
  const { location, keyring } = await existingOpening(options, 'encrypt the stored secrets anew');
  const { database, close } = await openDatabase(location);
  try {
    const { rotated, unreadable } = await rotateSecrets(database, keyring);
    const said = options.json
      ? JSON.stringify({ keyId: keyring.current.id, rotated, unreadable })
      : `${pc.green('✓')} ${counted(rotated)} now encrypted with key ${keyring.current.id}`;
    process.stdout.write(`${said}\n`);
    if (unreadable.length > 0) throw damaged(unreadable);
  } finally {
    await close();
  }
}

function counted(sets: number): string {
  return sets === 1 ? '1 set of secrets is' : `${sets} sets of secrets are`;
}

function damaged(ids: readonly string[]): TowpathError {
  const message =
    `Cannot read ${ids.length} sets of secrets with any key: ${ids.join(', ')} are damaged and stay as they are; ` +
    'restore them from a backup, or set the secrets of their deployments again';
  return new TowpathError('terminal', 'DamagedSecrets', message);
}
