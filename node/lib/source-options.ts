import type { Credentials } from './client.js';
import type { FronteggError } from './errors.js';
import type { CommonOptions } from './options.js';
import type { TokenStore } from './own-stores.js';
import type { FileStore, MemoryStore, RedisStore } from './stores.js';

/** Settings of a token source. What is left out has the library's default. */
export interface RenewalOptions {
  /**
   * From which part of its lifetime on a token is renewed in the background: each token's
   * point is drawn from this range, so that a fleet that started together does not renew
   * together. `[0.7, 0.8]` by default.
   */
  readonly renewalWindow?: readonly [from: number, to: number] | undefined;
  /**
   * How to renew. `'auto'`, the default, refreshes, unless refresh tokens are rejected again
   * and again before their first use: then more are in use than the service keeps, and it
   * authenticates only, for a while. The other two fix the choice.
   */
  readonly policy?: 'auto' | 'refresh_first' | 'authenticate_only' | undefined;
  /**
   * How long a renewal takes at most, in milliseconds, with all its requests and waits. The
   * client's deadline by default. With a shared store, whoever has the lease has half of it for
   * its requests, and whoever waits for that the rest, in case it dies.
   */
  readonly deadline?: number | undefined;
  /**
   * Where to share tokens with other sources of the same API token, in this process or in
   * others: a store, or the name of one. `'file'` is a {@link FileStore}, `'file:/…'` one in that
   * directory, a URL (`'redis://…'`, `'rediss://…'`, `'unix:///…'`) a {@link RedisStore}, and
   * `'memory'`, the default, none. A {@link TokenStore} is one of your own. Any number of sources may share one. A store that fails makes
   * no call fail, and none wait longer than its own timeout.
   */
  readonly store?: string | FileStore | MemoryStore | RedisStore | TokenStore | undefined;
  /**
   * Called with each event, on the event loop of the thread that made the source, for as long
   * as that runs and the source is not forgotten. It may use the source, even close it. What
   * it throws becomes an `uncaughtException`, as with a listener of an `EventEmitter`.
   */
  readonly observer?: ((event: TokenSourceEvent) => void) | undefined;
}

/** The API token, and whatever should not be at its default. */
export type TokenSourceOptions = Credentials & RenewalOptions;

/** Settings of a source that is otherwise the environment's. */
export interface TokenSourceFromEnvOptions extends RenewalOptions {
  /** Settings of its client, as of {@link Client.fromEnv}. */
  readonly client?: CommonOptions | undefined;
}

/** What one call for a token wants beyond a valid one. */
export interface TokenOptions {
  /**
   * With at least so many milliseconds of its life left; a renewal is waited for if need be.
   * Up to nine tenths of the lifetime that the service gives its tokens can be asked for;
   * beyond that, the call rejects with `invalid_argument`.
   */
  readonly minValidity?: number | undefined;
  /**
   * How many milliseconds the call waits at most; until the renewal ends by default. When they
   * are over, the call answers the token that there is, if it will do, and else rejects with
   * `timeout`. The renewal goes on without it.
   */
  readonly timeout?: number | undefined;
  /**
   * Rejects the call at once, with the signal's reason, when it fires. The renewal goes on
   * without it.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a source has done so far. */
export interface TokenSourceStats {
  /** Tokens that an authentication brought. */
  readonly authentications: number;
  /** Tokens that a refresh brought. */
  readonly refreshes: number;
  /** Refreshes that failed, so that an authentication followed. */
  readonly fallbacks: number;
  /** Renewals that failed. */
  readonly failures: number;
  /** Calls that waited for a renewal. */
  readonly waits: number;
  /** Tokens that the shared store had. */
  readonly storeHits: number;
  /** Times that the shared store failed, so that a renewal went on without it. */
  readonly storeFailures: number;
  /** What the shared store's last failure was; `undefined` once it works again. */
  readonly storeError: FronteggError | undefined;
  /**
   * Whether refresh tokens were rejected so often before their first use that the policy
   * `auto` does without, for the time being.
   */
  readonly authenticatingOnly: boolean;
}

/**
 * The kinds of events.
 *
 * - `authenticated`: an authentication brought a token
 * - `refreshed`: a refresh brought a token
 * - `fell_back`: a refresh failed, and its refresh token is lost: an authentication follows
 * - `failed`: a renewal failed
 * - `served_while_failing`: callers go on with the token that they have, since it is still
 *   valid; follows upon `failed`
 * - `throttled`: a call got a remembered failure, and the service was left alone; once for
 *   each failure
 * - `store_hit`: the shared store had a token that a sibling got
 * - `store_failed`: the shared store failed, and the source goes on without it; once, until it
 *   works again
 * - `store_recovered`: it works again
 */
export type TokenSourceEventKind =
  | 'authenticated'
  | 'refreshed'
  | 'fell_back'
  | 'failed'
  | 'served_while_failing'
  | 'throttled'
  | 'store_hit'
  | 'store_failed'
  | 'store_recovered';

/** What a source tells its observer. */
export interface TokenSourceEvent {
  /** What happened. */
  readonly kind: TokenSourceEventKind;
  /** How many tokens the source has had by then. */
  readonly generation: number;
  /** Why, where something failed. */
  readonly error?: FronteggError;
}
