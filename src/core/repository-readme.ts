/** The README.md of a namespace's repository: written once, with our first commit, then left to its readers. */
import type { NamespaceName } from '../domain/identifiers.ts';

export function repositoryReadme(namespace: NamespaceName): string {
  return `# Deployments of namespace ${namespace}

Towpath writes what the control plane wants into \`deployments/\`; a GitOps engine takes it into the cluster.

- One folder a deployment, with an explicit \`kustomization.yaml\` and one file a Kubernetes object.
- \`PROVENANCE\` in each folder says which revision it holds and what it was made from. Leave it to Towpath:
  a folder without it is never touched.
- One commit a revision. Its trailers name the deployment, the revision and the workspace:
  \`git log --grep 'Deployment-Id: <id>'\` is the history of one deployment.
- A change that a person makes here is held, not overwritten, until the deployment's next revision.
  To change what is generated for good, use kustomize components of your own in \`components/\`.
- \`git revert <commit>\` takes a revision back; the control plane then shows who reverted it.
`;
}
