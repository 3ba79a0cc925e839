import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationsFolder, openDatabase } from '../../../src/control-plane/store/database.ts';
import { reserveBytes } from '../../../src/control-plane/store/disk-room.ts';
import { openEmbedded } from '../../../src/control-plane/store/embedded.ts';
import { workspaces } from '../../../src/control-plane/store/schema.ts';
import { emptyDatabase } from '../../support/database.ts';

describe('an embedded database', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'towpath-faults-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('has every confirmed row after its writer was killed', async () => {
    const folder = join(root, 'killed');
    await emptyDatabase(folder);
    const confirmed = await writeAndKill(folder, 'row');

    const open = await openDatabase({ dataFolder: folder });
    const found = await open.database.select({ name: workspaces.name }).from(workspaces);
    await open.close();

    expect(confirmed.length).toBeGreaterThan(30);
    expect(found.map((row) => row.name)).toEqual(expect.arrayContaining(confirmed));
  });

  it('refuses changes while its disk has no room left, still reads, and goes on when there is room', async () => {
    const folder = join(root, 'full');
    await emptyDatabase(folder);
    let free = reserveBytes;
    const open = await openEmbedded(folder, migrationsFolder, () => free);
    const add = (name: string) =>
      open.database.transaction((transaction) => transaction.insert(workspaces).values({ name }));
    const names = async () => (await open.database.select().from(workspaces)).map((row) => row.name);
    await add('before');

    free = reserveBytes - 1;
    await expect(add('in between')).rejects.toMatchObject({ code: '53100', message: expect.stringContaining(folder) });
    await expect(open.database.delete(workspaces).where(eq(workspaces.name, 'before'))).rejects.toMatchObject({
      cause: { code: '53100' },
    });
    expect(await names()).toEqual(['before']);
    free = reserveBytes;
    await add('after');

    expect(await names()).toEqual(['before', 'after']);
    await open.close();
    free = 0;
    await expect(openEmbedded(folder, migrationsFolder, () => free)).rejects.toThrow(
      `Cannot open the database in "${folder}": the disk of "${folder}" has 0 MB left, and the database needs 64 MB`,
    );
  });

  // A real small disk, where the system lets us have one.
  const disk = mountSmallDisk();
  if (disk) {
    it('survives a disk that is really full', async () => {
      const { folder, unmount } = disk;
      try {
        await emptyDatabase(join(folder, 'data'));
        const open = await openDatabase({ dataFolder: join(folder, 'data') });
        const write = (size: number) =>
          open.database.transaction((transaction) =>
            transaction.execute(sql`select pg_logical_emit_message(true, 'test', repeat('x', ${size}::int))`),
          );
        const { bavail, bsize } = statfsSync(folder);
        writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize - reserveBytes - 20_000_000));

        const full = async () => {
          for (let written = 0; written < 200; written += 1) await write(1_000_000);
        };
        await expect(full()).rejects.toMatchObject({ code: '53100' });
        rmSync(join(folder, 'filler'));
        await write(1_000_000);
        await open.close();

        const again = await openDatabase({ dataFolder: join(folder, 'data') });
        await again.database.insert(workspaces).values({ name: 'well' });
        await again.close();
      } finally {
        unmount();
      }
    });
  }
});

/** Answers what the writer said was confirmed before it was killed. */
async function writeAndKill(folder: string, label: string): Promise<string[]> {
  const writer = join(import.meta.dirname, '../../support/busy-writer.ts');
  const child = spawn(process.execPath, [writer, folder, label], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
    if (said.split('\n').length > 40) child.kill('SIGKILL');
  });
  await once(child, 'close');
  // The last line may be cut off.
  return said.split('\n').slice(0, -1);
}

function mountSmallDisk(): { folder: string; unmount: () => void } | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'towpath-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', folder]);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    return null;
  }
  return {
    folder,
    unmount() {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
