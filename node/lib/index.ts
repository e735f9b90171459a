/**
 * Access tokens for programs that call Frontegg-protected APIs.
 *
 * @packageDocumentation
 */

export { type CallOptions, Client, type Credentials } from './client.js';
export {
  ERROR_CODES,
  FronteggError,
  type FronteggErrorCode,
  type FronteggErrorFacts,
} from './errors.js';
export type { ClientOptions, CommonOptions, EndpointOptions, RetryOptions } from './options.js';
export { type Claims, TokenSet } from './token-set.js';
