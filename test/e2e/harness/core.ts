/** Kubernetes itself: etcd, API server, controller manager, scheduler, and KWOK in place of kubelets. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from './certificates.ts';
import { eventually } from './eventually.ts';
import { answers } from './http-answers.ts';
import { type Kubernetes, type KubernetesObject, kubernetes, objectsIn } from './kubernetes.ts';
import { logsOf, nodes, stagesOf } from './kwok.ts';
import { freePorts } from './ports.ts';
import type { Program } from './programs.ts';
import type { World } from './world.ts';

export interface Core {
  readonly kubeconfig: string;
  readonly client: Kubernetes;
}

type Ports = Readonly<Record<'etcd' | 'peer' | 'api' | 'controllers' | 'scheduler' | 'kwok', number>>;

interface Plan {
  readonly world: World;
  readonly certificates: Certificates;
  readonly ports: Ports;
  readonly kubeconfig: string;
}

export async function startCore(world: World): Promise<Core> {
  const certificates = makeCertificates(join(world.folder, 'pki'));
  const ports = await freePorts('etcd', 'peer', 'api', 'controllers', 'scheduler', 'kwok');
  const kubeconfig = certificates.kubeconfig('admin', `https://127.0.0.1:${ports.api}`);
  const plan = { world, certificates, ports, kubeconfig };
  await world.programs.launch(etcd(plan));
  await world.programs.launch(apiServer(plan));
  const client = kubernetes(readFileSync(kubeconfig, 'utf8'));
  await Promise.all([
    world.programs.launch(controllerManager(plan)),
    world.programs.launch(scheduler(plan)),
    prepareNodes(client, world).then(() => world.programs.launch(kwok(plan))),
  ]);
  await eventually('the nodes to be ready', () => nodesAreReady(client));
  await eventually('the default service account', () => client.find('v1', 'ServiceAccount', 'default', 'default'));
  return { kubeconfig, client };
}

/** Applies what a folder holds, and waits until the definitions among it are served. */
export async function applyFolder(client: Kubernetes, folder: string, namespace?: string): Promise<void> {
  await applyAll(client, readFolder(folder, namespace));
}

export function readFolder(folder: string, namespace?: string): readonly KubernetesObject[] {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.flatMap((text) => objectsIn(text, namespace));
}

export async function applyAll(client: Kubernetes, objects: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(objects.map((object) => client.apply(object)));
  const definitions = objects.filter((one) => one.kind === 'CustomResourceDefinition') as Definition[];
  for (const definition of definitions) await served(client, definition);
}

/** By discovery, which is small; a definition itself may be a megabyte. */
async function served(client: Kubernetes, { metadata, spec }: Definition): Promise<void> {
  const version = spec.versions.find((one) => one.served)?.name;
  const isServed = async (): Promise<boolean> => {
    const answer = (await client.request('GET', `/apis/${spec.group}/${version}`)) as { resources: { name: string }[] };
    return answer.resources.some(({ name }) => name === spec.names.plural);
  };
  await eventually(`the definition ${metadata.name} to be served`, isServed, 120_000);
}

interface Definition extends KubernetesObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

interface WithConditions extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function prepareNodes(client: Kubernetes, { folder, built }: World): Promise<void> {
  const shared = join(built.share, 'kwok');
  await applyFolder(client, join(shared, 'definitions'));
  const logs = join(folder, 'pod.log');
  writeFileSync(logs, `${new Date().toISOString()} stdout F a line that every container of this cluster has logged\n`);
  const objects = [...stagesOf(readFolder(join(shared, 'stages'))), ...nodes(), logsOf(logs)];
  await Promise.all(objects.map((object) => client.apply(object)));
}

async function nodesAreReady(client: Kubernetes): Promise<boolean> {
  const found = await client.list<WithConditions>('v1', 'Node');
  const ready = found.filter((node) =>
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
  return ready.length === nodes().length;
}

function etcd({ world, ports }: Plan): Program {
  const [client, peer] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.peer}`];
  return {
    name: 'etcd',
    command: world.program('etcd'),
    args: [
      '--name=e2e',
      `--data-dir=${join(world.folder, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=e2e=${peer}`,
    ],
    ready: () => answers(`${client}/health`),
  };
}

function apiServer({ world, ports, certificates }: Plan): Program {
  return {
    name: 'kube-apiserver',
    command: world.program('kube-apiserver'),
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${ports.api}`,
      // A loopback address is no valid endpoint of the service `kubernetes`.
      '--endpoint-reconciler-type=none',
      ...servingCertificate(certificates),
      `--client-ca-file=${certificates.file('ca.crt')}`,
      `--service-account-key-file=${certificates.file('service-account.pub')}`,
      `--service-account-signing-key-file=${certificates.file('service-account.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      '--authorization-mode=Node,RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=true',
      '--profiling=false',
    ],
    ready: () => answers(`https://127.0.0.1:${ports.api}/readyz`, certificates.admin),
  };
}

function controllerManager({ world, ports, certificates }: Plan): Program {
  return {
    name: 'kube-controller-manager',
    command: world.program('kube-controller-manager'),
    args: [
      ...clientOf(certificates.kubeconfig('controller-manager', `https://127.0.0.1:${ports.api}`), ports.controllers),
      ...servingCertificate(certificates),
      `--service-account-private-key-file=${certificates.file('service-account.key')}`,
      `--root-ca-file=${certificates.file('ca.crt')}`,
      '--use-service-account-credentials=true',
      `--cluster-signing-cert-file=${certificates.file('ca.crt')}`,
      `--cluster-signing-key-file=${certificates.file('ca.key')}`,
    ],
    ready: () => answers(`https://127.0.0.1:${ports.controllers}/healthz`, certificates.admin),
  };
}

function scheduler({ world, ports, certificates }: Plan): Program {
  return {
    name: 'kube-scheduler',
    command: world.program('kube-scheduler'),
    args: [
      ...clientOf(certificates.kubeconfig('scheduler', `https://127.0.0.1:${ports.api}`), ports.scheduler),
      ...servingCertificate(certificates),
    ],
    ready: () => answers(`https://127.0.0.1:${ports.scheduler}/healthz`, certificates.admin),
  };
}

function kwok({ world, ports, certificates, kubeconfig }: Plan): Program {
  return {
    name: 'kwok',
    command: world.program('kwok'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--manage-all-nodes',
      '--enable-crds=Stage,Logs,ClusterLogs',
      '--cidr=10.244.0.0/16',
      '--node-ip=127.0.0.1',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${ports.kwok}`,
      // It answers `kubectl logs` as a kubelet would.
      `--node-port=${ports.kwok}`,
      ...servingCertificate(certificates),
    ],
    ready: () => answers(`http://127.0.0.1:${ports.kwok}/healthz`),
  };
}

function clientOf(kubeconfig: string, port: number): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--profiling=false',
  ];
}

function servingCertificate(certificates: Certificates): readonly string[] {
  return [
    `--tls-cert-file=${certificates.file('server.crt')}`,
    `--tls-private-key-file=${certificates.file('server.key')}`,
  ];
}
