/** A Renderer for tests of what surrounds rendering: three small files, and no template in sight. */
import type { Renderer } from '../../src/listener/context.ts';

export function plainRenderer(version = 'a'): Renderer & { renderings: number } {
  const renderer = {
    template: `plain@sha256:${version.repeat(64)}`,
    renderings: 0,
    checkSealed: () => [],
    render: ({ resourceName, specification, secrets }: Parameters<Renderer['render']>[0]) => {
      renderer.renderings += 1;
      if (specification.image.includes('forbidden')) {
        const finding = {
          path: 'api.deployment.yaml',
          line: 3,
          pointer: '/spec/image',
          message: 'this image is forbidden',
        };
        return {
          kind: 'refused' as const,
          findings: [finding, { ...finding, line: null, message: 'and so is its tag' }],
        };
      }
      const files = new Map([
        ['kustomization.yaml', 'resources: [api.deployment.yaml, api.service.yaml]\n'],
        [
          'api.deployment.yaml',
          `name: ${resourceName}\nimage: ${specification.image}\nenvironment: ${secrets.environment}\n`,
        ],
        ['api.service.yaml', `name: ${resourceName}\ntemplate: ${version}\n`],
      ]);
      return { kind: 'rendered' as const, files, url: null };
    },
  };
  return renderer;
}
