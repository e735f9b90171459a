/// <reference lib="esnext.disposable" preserve="true" />

import { crossing, endAll, errorOf, open, start } from './calls.js';
import { invalidArgument } from './errors.js';
import type { Facts, NativeClient } from './native.js';
import type { ClientOptions, CommonOptions } from './options.js';
import { abortSignal, bag, credentials as checked, settings, text } from './settings.js';
import { TokenSet } from './token-set.js';

/** What identifies an API token to the service. */
export interface Credentials {
  /** The client id. */
  readonly clientId: string;
  /** The secret. */
  readonly secret: string;
}

/** What can be said about one call. */
export interface CallOptions {
  /**
   * Rejects the call at once, with the signal's reason, when it fires. A call that waits for a
   * thread is then never made. A request that is on its way cannot be called back: a refresh
   * token may be consumed all the same, so do not present it again.
   */
  readonly signal?: AbortSignal | undefined;
}

/** @internal What a token source builds upon. */
export let nativeOf: (client: unknown) => NativeClient;

/**
 * The two calls of the service, each answering a {@link TokenSet} or rejecting with a
 * {@link FronteggError}.
 *
 * Stateless but for its pool of connections: make one and keep it. Any number of calls may be
 * under way at once; they run on up to 64 threads of the library's own, shared by all clients,
 * and further calls wait for one. A call under way keeps the process alive, an idle client
 * does not.
 *
 * @example
 * ```ts
 * const client = new Client({ domain: 'acme' });
 * const tokens = await client.authenticate({ clientId, secret });
 * ```
 */
export class Client {
  readonly #native: NativeClient;
  readonly #baseUrl: string;
  /** Closes the client where `using` leaves its block; see {@link Client.close}. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Checks the settings; opens no connection.
   *
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  constructor(options: ClientOptions);
  /** @internal */
  constructor(options: CommonOptions, fromEnv: true);
  constructor(options: CommonOptions, fromEnv = false) {
    this.#native = open(settings(options, fromEnv));
    this.#baseUrl = this.#native.baseUrl;
  }

  /**
   * A client whose endpoint the environment of the process names: exactly one of
   * `FRONTEGG_BASE_URL`, `FRONTEGG_DOMAIN` and `FRONTEGG_REGION`. `FRONTEGG_VENDOR_HOST` is
   * read too.
   *
   * @param options - Any other settings.
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  static fromEnv(options: CommonOptions = {}): Client {
    return new Client(options, true);
  }

  /** Where this client calls, such as `https://api.us.frontegg.com/identity`. */
  get baseUrl(): string {
    return this.#baseUrl;
  }

  /**
   * Exchanges the client id and secret of an API token for a fresh token set.
   *
   * The service keeps 100 refresh tokens alive per API token: the authentication that makes
   * one more invalidates the earliest.
   */
  async authenticate(credentials: Credentials, options?: CallOptions): Promise<TokenSet> {
    const { clientId, secret } = checked(credentials);
    return await this.#call(options, (id) => this.#native.authenticate(id, clientId, secret));
  }

  /**
   * Exchanges a refresh token for a fresh token set. It is single-use: whatever comes of the
   * call, do not present it again unless the error is {@link FronteggError.retryable}.
   */
  async refresh(refreshToken: string, options?: CallOptions): Promise<TokenSet> {
    const token = text('the refresh token', refreshToken);
    return await this.#call(options, (id) => this.#native.refresh(id, token));
  }

  /**
   * Closes the connections. The calls under way reject at once with code `closed`, like all
   * that follow, and no longer keep the process alive. Closing again does nothing.
   */
  close(): void {
    crossing(() => this.#native.close());
    endAll(this.#native, CLOSED);
  }

  async #call(options: CallOptions | undefined, begin: (id: number) => void): Promise<TokenSet> {
    const signal = signalOf(options);
    if (signal?.aborted) throw signal.reason;
    // Awaited here, so that the stack of the error leads to whoever awaits the call.
    const outcome = await start(this.#native, signal, begin);
    if (outcome instanceof TokenSet) return outcome;
    throw errorOf(outcome);
  }

  static {
    nativeOf = (client) => {
      if (typeof client === 'object' && client !== null && #native in client) return client.#native;
      throw invalidArgument('the client is not a Client');
    };
  }

  /** @internal What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Client { baseUrl: '${this.#baseUrl}' }`;
  }
}

// Node before 20.4 has no such symbol.
if (Symbol.dispose) {
  Object.defineProperty(Client.prototype, Symbol.dispose, {
    value: Client.prototype.close,
    configurable: true,
    writable: true,
  });
}

const CLOSED: Facts = {
  code: 'closed',
  message: 'the client is closed',
  messages: [],
  attempts: 1,
  retryable: false,
};

function signalOf(options: unknown): AbortSignal | undefined {
  return options === undefined ? undefined : abortSignal(bag('the options', options).signal);
}
