/** Linters that nobody here wrote, on everything that Towpath renders and installs: nothing is found that is not listed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temp.ts';
import { type CheckovResult, checkov } from './linters/checkov.ts';
import { type ConftestResult, conftest, ownRules } from './linters/conftest.ts';
import { type Finding, foreseen, outdated, readAccepted, unaccepted, unknownNames } from './linters/finding.ts';
import { kubeScore } from './linters/kube-score.ts';
import { type KubeconformResult, kubeconform, writeSchemas } from './linters/kubeconform.ts';
import { prepareLinters } from './linters/programs.ts';
import { type Subject, type WrittenSubjects, writeSubjects } from './linters/subject.ts';
import { allSubjects } from './linters/subjects.ts';

const listed = readAccepted(readFileSync(join(import.meta.dirname, 'linters/accepted-findings.yaml'), 'utf8'));
const lgp = readFileSync(join(import.meta.dirname, 'manifests/lgp-crd.yaml'), 'utf8');

let subjects: readonly Subject[];
let written: WrittenSubjects;
let minors: readonly string[];
let shapes: KubeconformResult;
let scores: readonly Finding[];
let checks: CheckovResult;
let policies: ConftestResult;
let findings: readonly Finding[];

beforeAll(async () => {
  // The first run on a machine installs checkov.
  const programs = await prepareLinters((line) => console.log(line));
  const folder = await temporaryFolder('linters');
  const schemas = join(folder, 'schemas');
  subjects = await allSubjects(programs);
  written = writeSubjects(join(folder, 'manifests'), subjects);
  minors = writeSchemas(schemas, subjects, { ...programs, more: lgp });
  [shapes, scores, checks, policies] = await Promise.all([
    kubeconform(programs.kubeconform, written, schemas, minors),
    kubeScore(programs.kubeScore, written, minors.at(-1) ?? ''),
    checkov(programs.python, written),
    conftest(programs.conftest, written, programs.share, join(folder, 'policies')),
  ]);
  findings = [...shapes.findings, ...scores, ...checks.findings, ...policies.findings];
}, 900_000);

const isPlanted = ({ subject }: Finding): boolean => subject.startsWith('planted/');
const meant = () => findings.filter((one) => !isPlanted(one));
const real = () => subjects.filter(({ name }) => !name.startsWith('planted/'));
const accepted = () => new Set(listed.flatMap((one) => foreseen(one, real())));

describe('the list of accepted findings', () => {
  it('names whatever kubeconform, kube-score, checkov and conftest find', () => {
    expect(unaccepted(meant(), accepted())).toEqual([]);
  });

  it('names nothing that they do not find any more', () => {
    expect(outdated(meant(), accepted())).toEqual([]);
    expect(listed.flatMap((one) => unknownNames(one, real()))).toEqual([]);
  });
});

/** A linter that says nothing for a wrong reason would pass all of the above. */
describe('the planted objects', () => {
  it.each([
    ['kubeconform', ['schema']],
    [
      'kube-score',
      ['container-resources', 'container-image-tag', 'container-security-context-privileged', 'service-type'],
    ],
    ['checkov', ['CKV_K8S_11', 'CKV_K8S_14', 'CKV_K8S_16', 'CKV_K8S_17', 'CKV_K8S_19', 'CKV_K8S_21', 'CKV_K8S_49']],
    ['conftest', ['KSV001', 'KSV009', 'KSV010', 'KSV013', 'KSV017', 'KSV023', 'KSV046', ...ownRules]],
  ])('are found by %s', (linter, rules) => {
    const broken = findings.filter(isPlanted).map(({ rule }) => rule);

    expect(rules.map((rule) => `${linter}/${rule}`).filter((rule) => !broken.includes(rule))).toEqual([]);
  });

  it('break the schemas where they should, in Kubernetes’ own kinds and in others', () => {
    const words = (object: string) =>
      findings
        .filter(({ rule, object: one }) => rule === 'kubeconform/schema' && one === object)
        .map(({ message }) => message);

    expect(words('Deployment/planted').join()).toContain("'colour' not allowed");
    expect(words('ScaledObject/planted').join()).toMatch(/'namespace' not allowed.*got string, want integer/s);
  });
});

describe('each linter', () => {
  it('has judged every object, kubeconform for every version of Kubernetes from 1.30', () => {
    const broken = new Set(shapes.findings.map(({ subject, object }) => `${subject} ${object}`));
    const right = real().flatMap(({ name, objects }) => objects.filter(({ key }) => !broken.has(`${name} ${key}`)));

    expect(minors.slice(0, 2)).toEqual(['1.30', '1.31']);
    expect(shapes.valid).toBeGreaterThanOrEqual(right.length * minors.length);
    expect([...written.files.keys()].filter((file) => !policies.judged.has(file))).toEqual([]);
    expect(checks.passed).toBeGreaterThan(right.length * 10);
    expect(checks.overlooked).toEqual([]);
  });

  it('has had every kind that there is a template for', () => {
    const kinds = real().flatMap(({ objects }) => objects.map(({ kind }) => kind));

    expect([...new Set(kinds)].sort()).toEqual([
      'AppProject',
      'ApplicationSet',
      'ConfigMap',
      'Deployment',
      'ExternalSecret',
      'GitRepository',
      'HTTPRoute',
      'HorizontalPodAutoscaler',
      'Ingress',
      'Kustomization',
      'LGP',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'PrometheusRule',
      'Role',
      'RoleBinding',
      'ScaledObject',
      'SealedSecret',
      'Secret',
      'Service',
      'ServiceAccount',
      'ServiceMonitor',
      'StatefulSet',
      'TriggerAuthentication',
      'VirtualService',
    ]);
  });
});
