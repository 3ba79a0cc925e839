/** Run by vitest before each file of tests, also where files share their modules. */
import { afterAll } from 'vitest';
import { cleanUp } from './clean-up.ts';

afterAll(cleanUp);
