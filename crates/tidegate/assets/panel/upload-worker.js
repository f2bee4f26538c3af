// Computes a content id beside the page, which stays quick to use meanwhile. One for each content.

import { utils } from './tidegate-sdk.js';

/** Milliseconds between two words about how far it is. */
const PAUSE = 100;

onmessage = async ({ data: { content, profile } }) => {
  let hashed = 0;
  let told = 0;
  const onHashed = (bytes) => {
    hashed += bytes;
    if (performance.now() - told < PAUSE) return;
    told = performance.now();
    postMessage({ hashed });
  };
  try {
    postMessage({ cid: await utils.getFileHash(content, { profile, onHashed }) });
  } catch (error) {
    postMessage({ problem: error.message });
  }
};
