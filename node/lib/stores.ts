/** The stores that sources share tokens by. */

import { bridge, crossing } from './calls.js';
import { type NativeStore, native } from './native.js';
import type { CommonOptions } from './options.js';
import { ownStore, register, type TokenStore } from './own-stores.js';
import { bag, redisSettings, text } from './settings.js';

/** Where to find the native half of a store. */
const natives = new WeakMap<object, NativeStore>();

/** What a source shares by lives as long as it does, whatever else forgets it. */
const keptFor = new WeakMap<object, object>();

/**
 * That of a store, which is one of those here or one that a user wrote.
 *
 * @internal
 */
export function nativeStoreOf(store: object, source: object): NativeStore {
  const known = natives.get(store) ?? nativeStoreOfOwn(ownStore(store));
  natives.set(store, known);
  keptFor.set(source, store);
  return known;
}

function nativeStoreOfOwn(store: TokenStore): NativeStore {
  return crossing(() => native.NativeStore.own(bridge, register(store), store.timeout));
}

/**
 * Shares tokens among the processes of one user on one host, in a directory that is that user's
 * alone. Locks end with their process. It should be on a local disk.
 */
export class FileStore {
  /**
   * @param options - `directory`, which is made on first use; by default
   * `$XDG_CACHE_HOME/frontegg-token` or `~/.cache/frontegg-token`, `~/Library/Caches/frontegg-token`
   * on macOS, and `%LOCALAPPDATA%\frontegg-token` on Windows.
   * @throws {@link FronteggError} of code `invalid_argument` where the directory is there and not
   * fit to be trusted: it is another user's, others can write to it, or it is a symbolic link.
   */
  constructor(options: { readonly directory?: string | undefined } = {}) {
    const { directory } = bag('the options', options);
    const where = directory === undefined ? undefined : text('directory', directory);
    natives.set(
      this,
      crossing(() => native.NativeStore.file(where)),
    );
  }
}

/** Shares tokens among the sources of one process, where they cannot be one source. */
export class MemoryStore {
  constructor() {
    natives.set(
      this,
      crossing(() => native.NativeStore.memory()),
    );
  }
}

/** Settings of a {@link RedisStore}. What is left out has the library's default. */
export interface RedisStoreOptions
  extends Pick<CommonOptions, 'roots' | 'caPem' | 'caFile' | 'clientCertificate'> {
  /**
   * How many milliseconds its answers may take, all those of one renewal together: beyond that,
   * a source goes on without it. 250 by default.
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
export class RedisStore {
  /**
   * Checks the settings; contacts nobody.
   *
   * @param url - `redis://[[user]:password@]host[:port][/database]`, `rediss://…` for TLS, or
   * `unix:///path`; `valkey` and `valkeys` mean the same as the first two.
   * @param options - Any other settings.
   * @throws {@link FronteggError} of code `invalid_argument`.
   */
  constructor(url: string, options: RedisStoreOptions = {}) {
    const checked = redisSettings(options);
    natives.set(
      this,
      crossing(() => native.NativeStore.redis(text('the URL', url), checked)),
    );
  }
}
