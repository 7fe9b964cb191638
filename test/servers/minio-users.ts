// Users of a MinIO server with a policy each, made and removed over its admin API. For tests of what a policy allows; knows
// nothing of buckets.
import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { S3Place } from '../contract/s3-subjects.ts';

export interface MinioUser {
  readonly credentials: S3Place['credentials'];
  remove(): Promise<void>;
}

/** Whether the server is a MinIO: no other has this API. */
export async function isMinio({ endpoint }: S3Place): Promise<boolean> {
  const response = await fetch(`${endpoint}/minio/health/live`);
  return response.ok && response.headers.get('server') === 'MinIO';
}

/** A user who may do what the policy says, and nothing else. The place must have the credentials of an administrator. */
export async function addMinioUser(place: S3Place, policy: object): Promise<MinioUser> {
  const name = `tidemark${randomBytes(6).toString('hex')}`;
  const secretAccessKey = randomBytes(20).toString('hex');
  const user = { secretKey: secretAccessKey, status: 'enabled' };
  const admin = (
    method: string,
    path: string,
    query: Record<string, string>,
    body: Buffer = Buffer.alloc(0),
  ) => call(place, method, `/minio/admin/v3/${path}`, query, body);
  await admin('PUT', 'add-canned-policy', { name }, Buffer.from(JSON.stringify(policy)));
  const body = encrypted(place.credentials.secretAccessKey, Buffer.from(JSON.stringify(user)));
  await admin('PUT', 'add-user', { accessKey: name }, body);
  const query = { isGroup: 'false', policyName: name, userOrGroup: name };
  await admin('PUT', 'set-user-or-group-policy', query);
  return {
    credentials: { accessKeyId: name, secretAccessKey },
    async remove() {
      await admin('DELETE', 'remove-user', { accessKey: name });
      await admin('DELETE', 'remove-canned-policy', { name });
    },
  };
}

/** As the API wants secrets: a salt, the kind (2: PBKDF2 and AES-GCM), a nonce, and one sealed block. */
function encrypted(password: string, plain: Uint8Array): Buffer {
  const salt = randomBytes(32);
  const key = pbkdf2Sync(password, salt, 8192, 32, 'sha256');
  const start = randomBytes(8);
  const seal = (number: number, text: Uint8Array, bound: Uint8Array) => {
    const nonce = Buffer.concat([start, Buffer.alloc(4)]);
    nonce.writeUInt32LE(number, 8);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
    return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  };
  const tag = seal(0, new Uint8Array(), new Uint8Array());
  const sealed = seal(1, plain, Buffer.concat([Buffer.from([0x80]), tag]));
  return Buffer.concat([salt, Buffer.from([2]), start, sealed]);
}

/** A request with Amazon's signature, version 4. */
async function call(
  { endpoint, region, credentials }: S3Place,
  method: string,
  path: string,
  query: Record<string, string>,
  body: Buffer,
): Promise<void> {
  const { host } = new URL(endpoint);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const day = date.slice(0, 8);
  const digest = createHash('sha256').update(body).digest('hex');
  const search = new URLSearchParams(Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))).toString();
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const headers = [`host:${host}`, `x-amz-content-sha256:${digest}`, `x-amz-date:${date}`, ''].join('\n');
  const canonical = [method, path, search, headers, names, digest].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', date, scope, hashed].join('\n');
  const hmac = (key: Buffer | string, of: string) => createHmac('sha256', key).update(of).digest();
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (last, part) => hmac(last, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const response = await fetch(`${endpoint}${path}?${search}`, {
    method,
    headers: { authorization, 'x-amz-content-sha256': digest, 'x-amz-date': date },
    ...(body.length === 0 ? {} : { body: Uint8Array.from(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}
