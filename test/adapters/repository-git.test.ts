/** The git adapter keeps the Repository contract over smart HTTP. */
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { repositoryContract } from '../contract/repository.ts';

repositoryContract(
  'own git engine over HTTP',
  () => ({
    open: (remote, { branch = 'main', createBranch = false, url = remote.url } = {}) =>
      new GitRepository({ branch, createBranch, transport: new HttpTransport({ url }) }),
  }),
  { partialFetch: true, createBranch: true, overHttp: true },
);

repositoryContract(
  'own git engine over HTTP, without filters',
  () => ({
    open: async (remote, { branch = 'main', createBranch = false, url = remote.url } = {}) => {
      await remote.git('config', 'uploadpack.allowFilter', 'false');
      return new GitRepository({ branch, createBranch, transport: new HttpTransport({ url }) });
    },
  }),
  { partialFetch: false, createBranch: true, overHttp: true },
);
