// An S3 server with a client that signs URLs, and the library that receivers of webhooks use, in a folder of their own.

import { installed } from './packages.mjs';

const BUCKET = 'tides';
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** A message that the library of Standard Webhooks takes; it throws where the signature is wrong. */
export function verified(secret, { body, headers }) {
  const { Webhook } = installed('s3', 'standardwebhooks');
  return new Webhook(secret).verify(body.toString(), headers);
}

/** An S3 server that checks signatures, on a port that the system chooses, with its files in `folder`. */
export class ObjectStore {
  static async start(folder) {
    const S3rver = installed('s3', 's3rver');
    const server = new S3rver({ address: '127.0.0.1', port: 0, directory: folder, silent: true, configureBuckets: [{ name: BUCKET }] });
    const { port } = await server.run();
    const { S3Client } = installed('s3', '@aws-sdk/client-s3');
    const client = new S3Client({ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true, credentials: CREDENTIALS });
    return Object.assign(new ObjectStore(), { server, client });
  }

  async stop() {
    this.client.destroy();
    await this.server.close();
  }

  /** Keeps `bytes` as `key`. */
  async put(key, bytes) {
    const { PutObjectCommand } = installed('s3', '@aws-sdk/client-s3');
    await this.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
  }

  /** A URL for `key` that is good for so many seconds. */
  sign(key, expiresIn) {
    const { GetObjectCommand } = installed('s3', '@aws-sdk/client-s3');
    const { getSignedUrl } = installed('s3', '@aws-sdk/s3-request-presigner');
    return getSignedUrl(this.client, new GetObjectCommand({ Bucket: BUCKET, Key: key }), { expiresIn });
  }
}
