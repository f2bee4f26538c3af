// An S3 server with a client that signs URLs, and the library that receivers of webhooks use, in a folder of their own.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 's3');
const LOCK = join(FOLDER, 'package-lock.json');
const INSTALLED = join(FOLDER, 'node_modules', '.tidegate-installed');
const BUCKET = 'tides';
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** Installs them unless they are there. */
export function objectStore() {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return;
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  copyFileSync(LOCK, INSTALLED);
}

/** What is installed in that folder. */
function installed(name) {
  return createRequire(join(FOLDER, 'package.json'))(name);
}

/** A message that the library of Standard Webhooks takes; it throws where the signature is wrong. */
export function verified(secret, { body, headers }) {
  const { Webhook } = installed('standardwebhooks');
  return new Webhook(secret).verify(body.toString(), headers);
}

/** An S3 server that checks signatures, on a port that the system chooses, with its files in `folder`. */
export class ObjectStore {
  static async start(folder) {
    const S3rver = installed('s3rver');
    const server = new S3rver({ address: '127.0.0.1', port: 0, directory: folder, silent: true, configureBuckets: [{ name: BUCKET }] });
    const { port } = await server.run();
    const { S3Client } = installed('@aws-sdk/client-s3');
    const client = new S3Client({ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true, credentials: CREDENTIALS });
    return Object.assign(new ObjectStore(), { server, client });
  }

  async stop() {
    this.client.destroy();
    await this.server.close();
  }

  /** Keeps `bytes` as `key`. */
  async put(key, bytes) {
    const { PutObjectCommand } = installed('@aws-sdk/client-s3');
    await this.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
  }

  /** A URL for `key` that is good for so many seconds. */
  sign(key, expiresIn) {
    const { GetObjectCommand } = installed('@aws-sdk/client-s3');
    const { getSignedUrl } = installed('@aws-sdk/s3-request-presigner');
    return getSignedUrl(this.client, new GetObjectCommand({ Bucket: BUCKET, Key: key }), { expiresIn });
  }
}
