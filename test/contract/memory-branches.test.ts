/** The twin keeps the Branches contract. */
import { branchesContract } from './branches.ts';
import { memoryWorld } from './branches-world.ts';

branchesContract('in memory', async (files = {}) => memoryWorld(files));
