/** A process that writes to an embedded database as fast as it can and says each row once it is confirmed, until it is killed. */
import { openDatabase } from '../../src/control-plane/store/database.ts';
import { workspaces } from '../../src/control-plane/store/schema.ts';

const { database } = await openDatabase({ dataFolder: process.argv[2] ?? '' });
for (let number = 0; ; number += 1) {
  await database.insert(workspaces).values({ name: `${process.argv[3]} ${number}` });
  process.stdout.write(`${process.argv[3]} ${number}\n`);
}
