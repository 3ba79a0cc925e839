/** A listener as a process of its own, so that a test can kill it at any moment. Settings come as JSON in argv. */
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import type { ListenerId } from '../../src/domain/identifiers.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { listen } from './listener-world.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

interface Settings {
  readonly plane: { readonly url: string; readonly listenerId: ListenerId };
  readonly repository: string;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const repository = new GitRepository({ branch: 'main', transport: new HttpTransport({ url: settings.repository }) });
listen({ plane: settings.plane as ScriptedControlPlane, repository });
