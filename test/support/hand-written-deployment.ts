/** A whole deployment as a careful person would write it: twelve files that every check lets through. */

import type { RenderInput } from '../../src/core/template/set.ts';
import { AgentServer } from '../../src/domain/configuration-agent-server.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { type FileTree, type RepoPath, repoPath } from '../../src/domain/file-tree.ts';
import { DeploymentId, DeploymentName } from '../../src/domain/identifiers.ts';
import { resourceName } from '../../src/domain/resource-name.ts';
import { Specification } from '../../src/domain/specification.ts';

const deploymentId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const listenerId = '0b6c2f6e-6f0b-4a59-9a77-3d3a7a0a1b11';
const workspaceId = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const revisionId = '7f3c2b1a-1111-4222-8333-444455556666';

export const sampleName = resourceName(DeploymentName.parse('research-agent'), DeploymentId.parse(deploymentId));

export interface SampleChanges {
  readonly specification?: Readonly<Record<string, unknown>>;
  readonly resourceSpec?: Readonly<Record<string, unknown>>;
  readonly namespace?: Readonly<Record<string, unknown>>;
  readonly agentServer?: Readonly<Record<string, unknown>>;
}

export function sampleInput(changes: SampleChanges = {}): RenderInput {
  return {
    resourceName: sampleName,
    specification: Specification.parse({
      deployment: {
        id: deploymentId,
        name: 'research-agent',
        workspaceId,
        listenerId,
        namespace: 'team-a',
        customUrl: null,
      },
      revision: {
        id: revisionId,
        createdAt: '2026-01-31T12:00:00Z',
        requester: { name: 'Ada', email: 'ada@example.com', proof: 'admin', key: null },
      },
      image: 'registry.example/team/agent:1.0.0',
      resourceSpec: changes.resourceSpec ?? {},
      secretNames: [],
      secretsVersion: null,
      secretReferences: [],
      ...changes.specification,
    }),
    namespace: Namespace.parse({ repository: 'https://git.example/team-a.git', ...changes.namespace }),
    agentServer: AgentServer.parse(changes.agentServer ?? {}),
    secrets: { environment: null, database: `${sampleName}-database` },
  };
}

const labels = (component: string) => `
    app.kubernetes.io/name: ${sampleName}
    app.kubernetes.io/component: ${component}
    app.kubernetes.io/part-of: research-agent
    app.kubernetes.io/managed-by: towpath
    towpath.dev/deployment-id: ${deploymentId}
    towpath.dev/listener-id: ${listenerId}
    towpath.dev/workspace-id: ${workspaceId}`;

const head = (
  apiVersion: string,
  kind: string,
  name: string,
  component: string,
  more = '',
) => `apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${name}
  namespace: team-a
  labels:${labels(component)}${more}
`;

const selector = (component: string, indent: string) =>
  `${indent}app.kubernetes.io/name: ${sampleName}\n${indent}app.kubernetes.io/component: ${component}\n`;

const revision = `
    towpath.dev/revision-id: ${revisionId}`;

const workload = (
  kind: string,
  component: string,
  spec: string,
  container: string,
  more = '',
) => `${head('apps/v1', kind, `${sampleName}-${component}`, component, more)}spec:
  selector:
    matchLabels:
${selector(component, '      ')}${spec}  template:
    metadata:
      labels:${(labels(component) + more).replaceAll('\n', '\n    ')}
    spec:
      containers:
        - name: ${component}
${container}`;

const server = (name: string) => `          image: registry.example/team/agent:1.0.0
          env:
            - name: "PORT"
              value: "8000"
            - name: "POSTGRES_PASSWORD"
              valueFrom:
                secretKeyRef:
                  name: ${sampleName}-database
                  key: POSTGRES_PASSWORD
          ports:
            - name: http
              containerPort: 8000
          resources:
            requests:
              cpu: "1"
              memory: 2048Mi
            limits:
              cpu: "2"
              memory: 4096Mi
          readinessProbe:
            httpGet:
              path: /ok
              port: ${name}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop:
                - ALL
`;

const service = (
  component: string,
  port: number,
) => `${head('v1', 'Service', `${sampleName}-${component}`, component)}spec:
  selector:
${selector(component, '    ')}  ports:
    - port: ${port}
`;

const files: Readonly<Record<string, string>> = {
  'api.deployment.yaml': workload('Deployment', 'api', '', server('http'), revision),
  'api.poddisruptionbudget.yaml': `${head('policy/v1', 'PodDisruptionBudget', `${sampleName}-api`, 'api')}spec:
  maxUnavailable: 1
  selector:
    matchLabels:
${selector('api', '      ')}`,
  'api.service.yaml': service('api', 8000),
  'autoscaler.horizontalpodautoscaler.yaml': `${head('autoscaling/v2', 'HorizontalPodAutoscaler', `${sampleName}-api`, 'api')}spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${sampleName}-api
  minReplicas: 2
  maxReplicas: 5
`,
  'network.networkpolicy.yaml': `${head('networking.k8s.io/v1', 'NetworkPolicy', sampleName, 'network')}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${sampleName}
    matchExpressions:
      - key: app.kubernetes.io/component
        operator: In
        values:
          - postgres
          - redis
  policyTypes:
    - Ingress
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: ${sampleName}
`,
  'postgres.service.yaml': service('postgres', 5432),
  'postgres.statefulset.yaml': `${workload(
    'StatefulSet',
    'postgres',
    `  serviceName: ${sampleName}-postgres\n`,
    `          image: docker.io/pgvector/pgvector:pg16
          volumeMounts:
            - name: data
              mountPath: /var/lib/postgresql/data
`,
  )}  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes:
          - ReadWriteOnce
        resources:
          requests:
            storage: 10Gi
`,
  'queue.deployment.yaml': workload('Deployment', 'queue', '  replicas: 1\n', server('http'), revision),
  'redis.deployment.yaml': workload(
    'Deployment',
    'redis',
    '  replicas: 1\n',
    '          image: docker.io/library/redis:7\n',
  ),
  'redis.service.yaml': service('redis', 6379),
  'route.ingress.yaml': `${head('networking.k8s.io/v1', 'Ingress', sampleName, 'route')}spec:
  rules:
    - host: agents.example.com
      http:
        paths:
          - path: /${sampleName}
            pathType: Prefix
            backend:
              service:
                name: ${sampleName}-api
                port:
                  number: 8000
`,
  'serviceaccount.yaml': `${head('v1', 'ServiceAccount', sampleName, 'serviceaccount')}automountServiceAccountToken: false
`,
};

/** `edit` gets the text of each file and may answer another; null leaves the file out. */
export function sampleFiles(edit: (path: string, text: string) => string | null = (_, text) => text): FileTree {
  const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${Object.keys(files)
  .map((path) => `  - ${path}\n`)
  .join('')}`;
  const edited = Object.entries({ 'kustomization.yaml': kustomization, ...files }).flatMap(
    ([path, text]): [RepoPath, string][] => {
      const result = edit(path, text);
      return result === null ? [] : [[repoPath(path), result]];
    },
  );
  return new Map(edited);
}
