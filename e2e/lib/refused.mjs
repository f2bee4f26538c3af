// What a refusal looks like: the caller's mistake by its status, in the Provider's shape, and nobody was asked for the file.

import assert from 'node:assert/strict';

/** Checks that `answer` refuses, and gives its text. `says` is what it must say. */
export async function refused(answer, says, why) {
  const text = await answer.text();
  assert.ok(answer.status >= 400 && answer.status < 500, `${why ?? 'a refusal'}: ${answer.status} ${text.slice(0, 500)}`);
  const body = JSON.parse(text);
  assert.ok('error' in body || ('errors' in body && body.message === 'Validation error' && body.success === false), text);
  if (says) assert.match(text, says, why);
  return text;
}

/** Checks that `answer` is the whole of `bytes`. */
export async function delivered(answer, bytes, why) {
  const got = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${why ?? 'a delivery'}: ${answer.status} ${got.subarray(0, 500)}`);
  assert.ok(got.equals(Buffer.from(bytes)), `${why ?? 'a delivery'}: other bytes`);
}
