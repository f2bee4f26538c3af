// Lets the compliance suite read the schema of answers from here: by itself it fetches it from the network each time.

import { register } from 'node:module';

register('./swap.mjs', import.meta.url);
