// One implementation for both module systems: `instanceof` holds across them.

export type * from './index.js';
export { Client, ERROR_CODES, FronteggError, TokenSet } from './index.js';
