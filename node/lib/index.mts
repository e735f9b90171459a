// One implementation for both module systems: `instanceof` holds across them. It is required
// and not imported, since to import a CommonJS module costs a process 2 ms more at its start.

import { createRequire } from 'node:module';
import type * as implementation from './index.js';

const {
  Client,
  ERROR_CODES,
  FileStore,
  FronteggError,
  MemoryStore,
  RedisStore,
  TokenInfo,
  TokenSet,
  TokenSource,
} = createRequire(import.meta.url)('./index.js') as typeof implementation;
type Client = implementation.Client;
type FileStore = implementation.FileStore;
type FronteggError = implementation.FronteggError;
type MemoryStore = implementation.MemoryStore;
type RedisStore = implementation.RedisStore;
type TokenInfo = implementation.TokenInfo;
type TokenSet = implementation.TokenSet;
type TokenSource = implementation.TokenSource;

export type * from './index.js';
export {
  Client,
  ERROR_CODES,
  FileStore,
  FronteggError,
  MemoryStore,
  RedisStore,
  TokenInfo,
  TokenSet,
  TokenSource,
};
