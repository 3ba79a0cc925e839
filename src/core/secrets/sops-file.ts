/** The file format of sops: a Secret whose values are encrypted one by one, readable to `sops` and to Flux. */
import { createHash } from 'node:crypto';
import type { PlainSecret } from '../../domain/plain-secret.ts';
import { sortedKeys, yamlBlock } from '../template/yaml-text.ts';

interface SopsFile {
  readonly secret: PlainSecret;
  /** The data key as each recipient may open it: an armoured age file. */
  readonly recipients: readonly { readonly recipient: string; readonly enc: string }[];
  readonly lastModified: Date;
  /** AES-256-GCM with the data key; `bound` is authenticated with the text. */
  encrypt(text: string, bound: string): SopsValue;
}

export interface SopsValue {
  readonly data: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
}

/** Of the file format; a sops of any later version reads it. */
const formatVersion = '3.9.0';
const encryptedFields = '^(data|stringData)$';
const encryptedValue =
  /^ENC\[AES256_GCM,data:[A-Za-z0-9+/]+=*,iv:[A-Za-z0-9+/]+=*,tag:[A-Za-z0-9+/]+=*,type:(?:str|int|float|bool|bytes)\]$/;

export function sopsFileText({ secret, recipients, lastModified, encrypt }: SopsFile): string {
  const { namespace, name, labels, values } = secret;
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  const plain = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    type: 'Opaque',
    immutable: true,
    data,
  };
  const sealed = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, value === '' ? '' : written(encrypt(value, `data:${key}:`))]),
  );
  const lastmodified = `${lastModified.toISOString().slice(0, 19)}Z`;
  const digest = createHash('sha512');
  for (const text of leaves(plain)) digest.update(text);
  const sops = {
    age: recipients.map(({ recipient, enc }) => ({ recipient, enc })),
    encrypted_regex: encryptedFields,
    lastmodified,
    mac: written(encrypt(digest.digest('hex').toUpperCase(), lastmodified)),
    version: formatVersion,
  };
  return `${yamlBlock({ ...plain, data: sealed, sops }, 0)}\n`;
}

/** Whether sops encrypted a value; an empty one it leaves empty. */
export function isSopsValue(value: unknown): boolean {
  return typeof value === 'string' && (value === '' || encryptedValue.test(value));
}

function written({ data, iv, tag }: SopsValue): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return `ENC[AES256_GCM,data:${text(data)},iv:${text(iv)},tag:${text(tag)},type:str]`;
}

/** All values in the order in which the file has them, as sops writes them down to sum them up. */
function leaves(value: unknown): readonly string[] {
  if (typeof value === 'boolean') return [value ? 'True' : 'False'];
  if (typeof value === 'string') return [value];
  const record = value as Readonly<Record<string, unknown>>;
  return sortedKeys(record).flatMap((key) => leaves(record[key]));
}
