/** Says why an image cannot be pulled: of the kubelet's words only the cause, for the rest comes and goes. */
import type { LiveObject } from '../../domain/live-object.ts';
import { textAt } from '../../domain/object-fields.ts';
import { quote } from '../observe/words.ts';
import { eventWords } from './events.ts';
import type { Explanation } from './words.ts';

/** The kubelet goes to and fro between the first two, so they are one. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', 'ImagePullBackOff'],
  ['ImagePullBackOff', 'ImagePullBackOff'],
  ['RegistryUnavailable', 'ImagePullBackOff'],
  ['SignatureValidationFailed', 'SignatureValidationFailed'],
  ['ImageInspectError', 'ImageInspectError'],
  ['InvalidImageName', 'InvalidImageName'],
  ['ErrImageNeverPull', 'ErrImageNeverPull'],
]);

export function explainImage(status: unknown, events: readonly LiveObject[], name: string): Explanation | null {
  const reason = reasons.get(textAt(status, 'state', 'waiting', 'reason'));
  if (reason === undefined) return null;
  const told = eventWords(events, textAt(status, 'name'), 'Failed', 'InspectFailed');
  const cause = causeOf(textAt(status, 'state', 'waiting', 'message')) || (/image/i.test(told) ? causeOf(told) : '');
  const words = `${name} cannot pull image ${textAt(status, 'image')}${cause && `: ${cause}`}`;
  return { reason, words, advice: adviceOf(reason, cause), isStuck: true, isPuzzling: cause === '' };
}

/** What comes before the cause, in layers: kubelet, container runtime, registry client. */
const layers = [
  /^(?:Back-off|back-off) pulling image "[^"]*"/,
  /^(?:ErrImagePull|ImagePullBackOff|Error)\b/,
  /^Failed to pull image(?: "[^"]*")?/,
  /^rpc error: code = \w+ desc =/,
  /^failed to pull and unpack image "[^"]*"/,
  /^[:\s]+/,
];

function causeOf(message: string): string {
  let rest = message;
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = layers.reduce((text, layer) => text.replace(layer, ''), rest);
  }
  return quote(rest);
}

function adviceOf(reason: string, cause: string): string {
  if (reason === 'InvalidImageName') return 'Correct the name of the image';
  if (reason === 'ErrImageNeverPull') return 'Bring the image to the node, or let it be pulled (imagePullPolicy)';
  return (
    advices.find(([shape]) => shape.test(cause))?.[1] ?? 'Check the name of the image and the access to its registry'
  );
}

const advices: readonly (readonly [RegExp, string])[] = [
  [/no match for platform|no matching manifest/i, 'Build the image for the processor of the nodes'],
  [
    /unauthori[sz]ed|authentication required|denied|forbidden|401|403|no basic auth/i,
    'Give the deployment an image pull secret that may read this image, and check the image’s name',
  ],
  [/toomanyrequests|rate limit|429/i, 'The registry limits pulls: use credentials or a mirror'],
  [/x509|certificate|http response to https/i, 'Make the nodes trust the registry’s certificate'],
  [
    /no such host|i\/o timeout|connection refused|deadline exceeded|network is unreachable|EOF/i,
    'Check that the nodes reach the registry',
  ],
  [/not found|manifest unknown|name unknown|404/i, 'Check that the image and its tag or digest are in the registry'],
];
