/** The stores that sources share tokens by. */

import { bridge, crossing } from './calls.js';
import { type NativeStore, native } from './native.js';
import type { CommonOptions } from './options.js';
import { ownStore, register, type TokenStore } from './own-stores.js';
import { bag, redisSettings, text } from './settings.js';

/** A store of the library. */
abstract class CoreStore {
  readonly #native: NativeStore;

  /** @internal */
  constructor(make: () => NativeStore) {
    this.#native = crossing(make);
  }

  /** @internal */
  static nativeOf(store: object): NativeStore | undefined {
    return #native in store ? store.#native : undefined;
  }
}

/** Those that users wrote have theirs here. */
const natives = new WeakMap<TokenStore, NativeStore>();
/** What a source shares by lives as long as it does, whatever else forgets it. */
const keptFor = new WeakMap<object, object>();

/**
 * The native half of a store, whoever wrote it.
 *
 * @internal
 */
export function nativeStoreOf(store: object, source: object): NativeStore {
  keptFor.set(source, store);
  return CoreStore.nativeOf(store) ?? nativeOfOwn(ownStore(store));
}

function nativeOfOwn(store: TokenStore): NativeStore {
  const known = natives.get(store);
  if (known !== undefined) return known;
  const made = crossing(() => native.NativeStore.own(bridge, register(store), store.timeout));
  natives.set(store, made);
  return made;
}

/**
 * Shares tokens among the processes of one user on one host, in a directory that is that user's
 * alone. Locks end with their process. It should be on a local disk.
 */
export class FileStore extends CoreStore {
  /**
   * @param options - `directory`, which is made on first use; by default
   * `$XDG_CACHE_HOME/frontegg-token` or `~/.cache/frontegg-token`, `~/Library/Caches/frontegg-token`
   * on macOS, and `%LOCALAPPDATA%\frontegg-token` on Windows.
   * @throws {@link FronteggError} of code `invalid_argument` where what is there is no directory,
   * unless another user put it there.
   */
  constructor(options: { readonly directory?: string | undefined } = {}) {
    const { directory } = bag('the options', options);
    const where = directory === undefined ? undefined : text('directory', directory);
    super(() => native.NativeStore.file(where));
  }
}

/** Shares tokens among the sources of one process, where they cannot be one source. */
export class MemoryStore extends CoreStore {
  constructor() {
    super(() => native.NativeStore.memory());
  }
}

/** Settings of a {@link RedisStore}. What is left out has the library's default. */
export interface RedisStoreOptions
  extends Pick<CommonOptions, 'roots' | 'caPem' | 'caFile' | 'clientCertificate'> {
  /**
   * How many milliseconds its answers may take, all those of one renewal together, and how many
   * connecting may take: beyond that, a source goes on without it. 250 by default.
   */
  readonly timeout?: number | undefined;
  /** What all keys begin with. `frontegg-token:` by default. */
  readonly keyPrefix?: string | undefined;
}

/**
 * Shares tokens among the processes of a fleet, by a Redis or Valkey server: a single one, or a
 * primary such as managed services offer under one host name. Cluster mode and Sentinel are not
 * supported. Connections are opened when they are needed.
 */
export class RedisStore extends CoreStore {
  /**
   * Checks the settings; contacts nobody.
   *
   * @param url - `redis://[[user]:password@]host[:port][/database]`, `rediss://…` for TLS, or
   * `unix:///path`; `valkey` and `valkeys` mean the same as the first two. Behind a `?` may stand
   * `timeout=1s` (or `ms`), `key_prefix`, `ca_file`, `cert_file`, `key_file`, `db`, `user` and
   * `password`; the options go before them. Parameters of other clients are ignored with a
   * warning where they change nothing, and are an error else.
   * @param options - Any other settings.
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  constructor(url: string, options: RedisStoreOptions = {}) {
    const checked = redisSettings(options);
    super(() => native.NativeStore.redis(text('the URL', url), checked));
  }
}
