/**
 * Access tokens for programs that call Frontegg-protected APIs.
 *
 * @packageDocumentation
 */

export type { Claims } from './claims.js';
export { type CallOptions, Client, type Credentials } from './client.js';
export {
  ERROR_CODES,
  FronteggError,
  type FronteggErrorCode,
  type FronteggErrorFacts,
} from './errors.js';
export type { ClientOptions, CommonOptions, EndpointOptions, RetryOptions } from './options.js';
export type { LoadedEntry, TokenStore } from './own-stores.js';
export { TokenSource } from './source.js';
export type {
  RenewalOptions,
  TokenOptions,
  TokenSourceEvent,
  TokenSourceEventKind,
  TokenSourceFromEnvOptions,
  TokenSourceOptions,
  TokenSourceStats,
} from './source-options.js';
export { FileStore, MemoryStore, RedisStore, type RedisStoreOptions } from './stores.js';
export { TokenInfo } from './token-info.js';
export { TokenSet } from './token-set.js';
