/**
 * What went wrong: names that are the same in every language of this library.
 *
 * - `invalid_argument`: a bad setting or argument
 * - `internal`: a bug in this library
 * - `closed`: the client or source was closed before or during the call
 * - `connect`: DNS, TCP or a proxy failed; the request was not sent
 * - `timeout`: the time budget is spent
 * - `tls`: a certificate was not accepted, or the handshake failed
 * - `interrupted`: the connection broke once the request may have been processed
 * - `proxy`: a proxy refused for good: wrong or missing credentials, or an unsupported scheme
 * - `exhausted`: this machine gives no thread, file descriptor or memory; not sent
 * - `invalid_credentials`: 401 on an authentication
 * - `refresh_rejected`: 401 on a refresh; the token was consumed, has expired or was evicted
 * - `forbidden`: 403
 * - `rate_limited`: 429
 * - `server_error`: 408 or 5xx
 * - `rejected`: any other 4xx
 * - `invalid_response`: an answer that makes no sense
 * - `store`: the shared cache failed where nothing else could serve
 */
export type FronteggErrorCode =
  | 'invalid_argument'
  | 'internal'
  | 'closed'
  | 'connect'
  | 'timeout'
  | 'tls'
  | 'interrupted'
  | 'proxy'
  | 'exhausted'
  | 'invalid_credentials'
  | 'refresh_rejected'
  | 'forbidden'
  | 'rate_limited'
  | 'server_error'
  | 'rejected'
  | 'invalid_response'
  | 'store';

/** The frozen number of each code. */
export const ERROR_CODES: Readonly<Record<FronteggErrorCode, number>> = Object.freeze({
  invalid_argument: 1,
  internal: 2,
  closed: 3,
  connect: 10,
  timeout: 11,
  tls: 12,
  interrupted: 13,
  proxy: 14,
  exhausted: 15,
  invalid_credentials: 20,
  refresh_rejected: 21,
  forbidden: 22,
  rate_limited: 23,
  server_error: 24,
  rejected: 25,
  invalid_response: 30,
  store: 40,
});

/** What may be known of an error beyond its code and message. */
export interface FronteggErrorFacts {
  /** See {@link FronteggError.httpStatus}. */
  readonly httpStatus?: number;
  /** See {@link FronteggError.messages}. */
  readonly messages?: readonly string[];
  /** See {@link FronteggError.errorCode}. */
  readonly errorCode?: string;
  /** See {@link FronteggError.traceId}. */
  readonly traceId?: string;
  /** See {@link FronteggError.retryAfter}. */
  readonly retryAfter?: number;
  /** See {@link FronteggError.attempts}. */
  readonly attempts?: number;
  /** See {@link FronteggError.retryable}. */
  readonly retryable?: boolean;
}

/**
 * Every failure of this library, told apart by its {@link FronteggError.code}. No secret or
 * token is in any of its parts.
 *
 * An aborted call is the one exception: it rejects with the signal's own reason.
 */
export class FronteggError extends Error {
  /** `'FronteggError'`. */
  declare readonly name: 'FronteggError';
  /** What went wrong. */
  readonly code: FronteggErrorCode;
  /** The frozen number of the code. */
  readonly number: number;
  /** The HTTP status, where there was an answer. */
  readonly httpStatus: number | undefined;
  /** The service's own messages, in its order. */
  readonly messages: readonly string[];
  /** The service's own error code, such as `ER-01183`. */
  readonly errorCode: string | undefined;
  /** The `frontegg-trace-id` of the answer: what Frontegg's support asks for. */
  readonly traceId: string | undefined;
  /** How long the service asked to wait, in milliseconds, counted from the answer. */
  readonly retryAfter: number | undefined;
  /** How many requests the call made, or tried to make. */
  readonly attempts: number;
  /** Whether the same call, made later, can succeed. */
  readonly retryable: boolean;

  /**
   * The library makes these; a test of yours may want to.
   *
   * @param code - What went wrong.
   * @param message - One sentence for a person.
   * @param facts - What else is known.
   */
  constructor(code: FronteggErrorCode, message: string, facts: FronteggErrorFacts = {}) {
    super(message);
    this.code = code;
    this.number = ERROR_CODES[code];
    this.httpStatus = facts.httpStatus;
    this.messages = facts.messages ?? [];
    this.errorCode = facts.errorCode;
    this.traceId = facts.traceId;
    this.retryAfter = facts.retryAfter;
    this.attempts = facts.attempts ?? 0;
    this.retryable = facts.retryable ?? false;
  }

  static {
    Object.defineProperty(FronteggError.prototype, 'name', {
      value: 'FronteggError',
      configurable: true,
      writable: true,
    });
  }
}

/** @internal An error of code `invalid_argument`. */
export function invalidArgument(message: string): FronteggError {
  return new FronteggError('invalid_argument', message);
}
