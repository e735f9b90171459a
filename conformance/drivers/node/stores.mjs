// The stores that the driver's sources share.

import { FileStore, MemoryStore, RedisStore } from 'frontegg-token';

/** A store as a user would write it. Nothing is ever forgotten. */
class OwnStore {
  #entries = new Map();
  #leases = new Map();
  #hang;
  /** Lets the operation return that hangs. */
  resume;
  #resumed = new Promise((resolve) => {
    this.resume = resolve;
  });

  constructor({ hang }) {
    this.#hang = hang;
  }

  async #begin(operation) {
    if (operation === this.#hang) await this.#resumed;
  }

  async load(name) {
    await this.#begin('load');
    return this.#entries.get(name);
  }

  async save(name, entry, { replaces }) {
    await this.#begin('save');
    const current = this.#entries.get(name);
    if (current && !(replaces && Buffer.from(current).equals(replaces))) return false;
    this.#entries.set(name, entry);
    return true;
  }

  async lease(name, owner, span) {
    await this.#begin('lease');
    const now = performance.now();
    if (this.#leases.get(name)?.until > now) return false;
    this.#leases.set(name, { owner, until: now + span });
    return true;
  }

  async release(name, owner) {
    await this.#begin('release');
    if (this.#leases.get(name)?.owner === owner) this.#leases.delete(name);
  }
}

const KINDS = {
  file: ({ directory }) => new FileStore({ directory }),
  memory: () => new MemoryStore(),
  own: (settings) => new OwnStore(settings),
  redis: ({ url, timeout_ms: timeout, key_prefix: keyPrefix, roots_pem: caPem }) =>
    new RedisStore(url, { timeout, keyPrefix, caPem }),
};

/** Those with a name, which later sources can share. */
const named = new Map();

/** Lets the operation of a store return that hangs. */
export function resume({ name }) {
  named.get(name).resume();
  return { ok: {} };
}

/** The name of a store as it is, or the store that it describes. */
export function storeOf(described) {
  if (typeof described !== 'object') return described;
  const { kind, name, ...settings } = described;
  const store = named.get(name) ?? KINDS[kind](settings);
  if (name !== undefined) named.set(name, store);
  return store;
}
