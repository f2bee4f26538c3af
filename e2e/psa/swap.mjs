// Loads modules as they are, but for the one that says where the schema is.

const CONSTANTS = '/pinning-service-compliance/dist/src/utils/constants.js';
const SCHEMA = new URL('schema.json', import.meta.url).pathname;

/** Node's hook for loading a module. */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(CONSTANTS)) return loaded;
  const text = loaded.source.toString();
  const source = text.replace(/const specLocation = .*;/, `const specLocation = ${JSON.stringify(SCHEMA)};`);
  if (source === text) throw new Error('the compliance suite names its schema in another way now');
  return { ...loaded, source };
}
