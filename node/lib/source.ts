/// <reference lib="esnext.disposable" preserve="true" />

import { bridge, crossing, endAll, errorOf, nextId } from './calls.js';
import { Client, type Credentials, nativeOf } from './client.js';
import { Delivery, GAVE_UP } from './delivery.js';
import { invalidArgument } from './errors.js';
import { type Listener, listen } from './events.js';
import { Kept, now } from './kept.js';
import { type CurrentToken, type Facts, type NativeTokenSource, native } from './native.js';
import { bag, credentials as checked, sourceSettings, text, tokenOptions } from './settings.js';
import type {
  RenewalOptions,
  TokenOptions,
  TokenSourceEvent,
  TokenSourceEventKind,
  TokenSourceFromEnvOptions,
  TokenSourceOptions,
  TokenSourceStats,
} from './source-options.js';
import { nativeStoreOf } from './stores.js';
import { TokenInfo } from './token-info.js';

/**
 * Keeps a valid access token of one API token at hand.
 *
 * {@link TokenSource.token} answers the token in no time while it is fresh. Once it is due, at
 * a point drawn from 70 to 80 % of its lifetime, the next call has it renewed in the background
 * and goes on with the one it has; only when none is left, or the one there is would expire on
 * its way, do calls wait, all of them for one renewal. A renewal is a refresh, or an
 * authentication where that cannot be; one that fails takes nothing from a token that is still
 * valid, and is tried again after a while that grows.
 *
 * Nothing runs between calls: a source that nobody asks costs nothing. A call that waits keeps
 * the process alive; a source, or a renewal in the background, does not.
 *
 * @example
 * ```ts
 * const source = new TokenSource(new Client({ domain: 'acme' }), { clientId, secret });
 * await fetch(url, { headers: { authorization: `Bearer ${await source.token()}` } });
 * ```
 */
export class TokenSource {
  readonly #native: NativeTokenSource;
  readonly #listener: Listener;
  /** What callers wait for, by the validity that they ask for. */
  readonly #deliveries = new Map<number, Delivery>();
  #kept = Kept.NOTHING;
  /** Calls that joined a delivery: the native half does not know of them. */
  #joined = 0;
  /** Closes the source where `using` leaves its block; see {@link TokenSource.close}. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Checks the settings; contacts nobody: the first token is got when it is asked for.
   *
   * @param client - Any number of sources may share one. It stays open when the source closes.
   * @param options - The API token, and any other settings.
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  constructor(client: Client, options: TokenSourceOptions);
  /** @internal */
  constructor(client: Client, options: RenewalOptions, fromEnv: true);
  constructor(client: Client, options: RenewalOptions, fromEnv = false) {
    const { observer, store, ...rest } = bag('the options', options);
    const isObject = typeof store === 'object' && store !== null;
    const nativeStore = isObject ? nativeStoreOf(store, this) : undefined;
    const settings = sourceSettings(isObject ? rest : { ...rest, store }, fromEnv);
    this.#listener = this.#listen(observer);
    const id = listen(this.#listener);
    this.#native = crossing(
      () => new native.NativeTokenSource(bridge, nativeOf(client), id, settings, nativeStore),
    );
  }

  /**
   * A source whose API token the environment of the process names, by `FRONTEGG_CLIENT_ID` and
   * `FRONTEGG_SECRET`, with a client of its own as of {@link Client.fromEnv}.
   *
   * @param options - Any other settings.
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  static fromEnv(options: TokenSourceFromEnvOptions = {}): TokenSource {
    const { client, ...rest } = bag('the options', options) as TokenSourceFromEnvOptions;
    return new TokenSource(Client.fromEnv(client), rest, true);
  }

  /**
   * A valid access token, to be sent as `Authorization: Bearer`: at once if there is one, else
   * by renewal. An expired token is never answered.
   *
   * Rejects with a {@link FronteggError}, or with the reason of a signal that fires.
   */
  token(options?: TokenOptions): Promise<string> {
    const kept = this.#kept;
    return options === undefined && kept.isGood() ? kept.token : this.#obtain(options);
  }

  /** The current token if it is valid. Never waits, and starts no renewal. */
  peek(): string | undefined {
    return this.#look();
  }

  /** What is known of the current token, if it is valid. */
  info(): TokenInfo | undefined {
    const facts = crossing(() => this.#native.info());
    // Whoever hears of another token gets that one next.
    if (facts?.token !== this.#kept.text) this.#kept = Kept.NOTHING;
    if (!facts) return undefined;
    return new TokenInfo(facts.token, facts.expiresAt, facts.renewalDueAt, facts.origin);
  }

  /**
   * Tells that a resource server answered 401 to this token. It is dropped if it is still the
   * current one, so that a burst of late 401s causes one renewal.
   *
   * Where tokens are rejected one after the other, renewing does not help: from the second one
   * on, the rejected token serves on for a while (1 s, doubling to 30 s) before it is renewed.
   *
   * @returns whether it was the current one.
   */
  invalidate(token: string): boolean {
    const rejected = text('the token', token);
    this.#startOver();
    return crossing(() => this.#native.invalidate(rejected));
  }

  /**
   * Goes on with other credentials, such as a rotated secret. What was remembered of a
   * rejection is forgotten. A token of another client id is dropped; one of the same stays
   * until it is due. A renewal under way is given up, and those who wait go on to the next.
   */
  setCredentials(credentials: Credentials): void {
    const { clientId, secret } = checked(credentials);
    this.#startOver();
    crossing(() => this.#native.setCredentials(clientId, secret));
  }

  /** What was done so far. */
  stats(): TokenSourceStats {
    // Whoever sees the renewal in here gets its token next.
    this.#kept = Kept.NOTHING;
    const stats = crossing(() => this.#native.stats());
    const { storeError, ...counts } = stats;
    return {
      ...counts,
      waits: counts.waits + this.#joined,
      storeError: storeError && errorOf(storeError),
    };
  }

  /**
   * Ends the source. Calls that wait reject at once with code `closed`, like all that follow,
   * and a renewal under way is interrupted. Closing again does nothing.
   */
  close(): void {
    this.#startOver();
    crossing(() => this.#native.close());
    // What it answers from now on.
    endAll(this.#native, crossing(() => this.#native.token(nextId())) as Facts);
  }

  async #obtain(options: TokenOptions = {}): Promise<string> {
    const { minValidity, timeout, signal } = tokenOptions(options);
    if (signal?.aborted) throw signal.reason;
    const since = performance.now();
    for (;;) {
      if (minValidity === 0 && this.#kept.isGood()) return await this.#kept.token;
      const delivery = this.#join(minValidity) ?? this.#ask(minValidity);
      if (!(delivery instanceof Delivery)) return delivery;
      const left = timeout && Math.max(timeout - (performance.now() - since), 0);
      // Awaited here, so that the stack of an error leads to whoever awaits the call.
      const delivered = await delivery.wait(left, signal);
      if (delivered === GAVE_UP) {
        return this.#take(
          now(),
          crossing(() => this.#native.giveUp(minValidity)),
        );
      }
      if (typeof delivered === 'string') return delivered;
      if (delivered !== undefined) throw errorOf(delivered);
    }
  }

  #join(minValidity: number): Delivery | undefined {
    const delivery = this.#deliveries.get(minValidity);
    if (delivery) this.#joined++;
    return delivery;
  }

  /** Asks the native half: for the token, or else for its delivery. */
  #ask(minValidity: number): string | Delivery {
    const id = nextId();
    const since = now();
    const answer = crossing(() => this.#native.token(id, minValidity));
    if (answer) return this.#take(since, answer);
    const delivery: Delivery = new Delivery(
      id,
      this.#native,
      () => this.#look(),
      () => {
        if (this.#deliveries.get(minValidity) === delivery) this.#deliveries.delete(minValidity);
      },
    );
    this.#deliveries.set(minValidity, delivery);
    return delivery;
  }

  #look(): string | undefined {
    const since = now();
    const current = crossing(() => this.#native.peek());
    if (current) return this.#take(since, current);
    this.#kept = Kept.NOTHING;
    return undefined;
  }

  /** Keeps the token that the native half answered, and answers it. */
  #take(since: ReturnType<typeof now>, answer: CurrentToken | Facts): string {
    if ('code' in answer) throw errorOf(answer);
    const { token, serveFor } = answer;
    this.#kept = serveFor > 0 ? new Kept(token, serveFor, since) : Kept.NOTHING;
    return token;
  }

  /** Whoever calls from now on asks anew, and gets nothing that is on its way already. */
  #startOver(): void {
    this.#kept = Kept.NOTHING;
    this.#deliveries.clear();
  }

  #listen(observer: unknown): Listener {
    if (observer !== undefined && typeof observer !== 'function') {
      throw invalidArgument('observer is not a function');
    }
    return (kind, generation, error) => {
      // A renewal has ended: how long the token can be kept, or which one, is another matter now.
      this.#kept = Kept.NOTHING;
      if (observer === undefined) return;
      const event: TokenSourceEvent = {
        kind: kind as TokenSourceEventKind,
        generation,
        ...(error && { error: errorOf(error) }),
      };
      // By itself, so that what it throws is nobody's but the process's.
      queueMicrotask(() => observer(event));
    };
  }
}

// Node before 20.4 has no such symbol.
if (Symbol.dispose) {
  Object.defineProperty(TokenSource.prototype, Symbol.dispose, {
    value: TokenSource.prototype.close,
    configurable: true,
    writable: true,
  });
}
