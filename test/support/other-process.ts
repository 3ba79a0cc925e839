/** A second control-plane process on the same database: makes one deployment and says its id. */
import type { DatabaseLocation } from '../../src/control-plane/store/database.ts';
import { addDeployment, openTowpathApi, type Tenant } from './towpath-api.ts';

const [location = '', tenant = ''] = process.argv.slice(2);
const api = await openTowpathApi(JSON.parse(location) as DatabaseLocation);
process.stdout.write(`${await addDeployment(api, JSON.parse(tenant) as Tenant, 'from-elsewhere')}\n`);
await api.stop();
