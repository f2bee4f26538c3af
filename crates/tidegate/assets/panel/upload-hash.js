// The id of what is uploaded, computed in a worker unless it is small.

import { utils } from './tidegate-sdk.js';

/** Below this many bytes a worker takes longer to start than the id takes. */
const SMALL = 4 << 20;

/**
 * @param {import('./upload-chosen.js').Chosen} chosen
 * @param {string} profile
 * @param {AbortSignal} signal
 * @param {(bytes: number) => void} onHashed is told how much has been read
 * @returns {Promise<string>} the CID
 */
export async function hashOf({ content, size }, profile, signal, onHashed) {
  signal.throwIfAborted();
  if (size < SMALL) return utils.getFileHash(content, { profile, signal });
  const worker = new Worker(new URL('./upload-worker.js', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      worker.onerror = () => reject(new Error('This page could not start its worker. Load the page again.'));
      worker.onmessage = ({ data: { hashed, cid, problem } }) => {
        if (cid) resolve(cid);
        else if (problem) reject(new Error(problem));
        else onHashed(hashed);
      };
      worker.postMessage({ content, profile });
    });
  } finally {
    worker.terminate();
  }
}
