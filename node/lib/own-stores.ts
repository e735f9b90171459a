/** Stores that users write, and how the native half asks them. */

import { types } from 'node:util';

import { invalidArgument } from './errors.js';
import type { StoreAnswer, StoreQuestion } from './native.js';
import { bag } from './settings.js';

// Not `instanceof`: it may come from another realm, as in some test runners.
const { isUint8Array } = types;

type Awaitable<T> = T | PromiseLike<T>;

/** An entry that a store keeps for a known time yet. */
export interface LoadedEntry {
  readonly entry: Uint8Array;
  /**
   * For how many milliseconds the store keeps it yet, by the clock that it forgets by. With it,
   * hosts whose clocks disagree agree on the age of a token.
   */
  readonly left: number;
}

/**
 * A place of your own where sources share tokens, such as a database that your program has
 * anyway. What it keeps is sealed: it learns no token.
 *
 * Its methods are called on the event loop of the thread that made the first source with it, and
 * must not wait for a token of such a source. Whatever throws, rejects, answers something else or
 * takes longer than `timeout` is a store that fails: the source goes on without it, for this
 * renewal. Of what is thrown only the class is told.
 */
export interface TokenStore {
  /** How many milliseconds the answers of one renewal may take together. 250 by default. */
  readonly timeout?: number | undefined;

  /** What is kept under this name. */
  load(name: string): Awaitable<Uint8Array | LoadedEntry | null | undefined>;

  /**
   * Puts `entry` in the place of `change.replaces`, in one step: only if exactly that is there
   * now, or nothing is. It need not be kept for longer than `change.keep` milliseconds.
   *
   * @returns whether it did.
   */
  save(
    name: string,
    entry: Uint8Array,
    change: { readonly replaces: Uint8Array | undefined; readonly keep: number },
  ): Awaitable<boolean>;

  /**
   * Makes `owner` the only one to renew what is under this name, for `span` milliseconds at most.
   *
   * @returns `false` where another has it.
   */
  lease(name: string, owner: string, span: number): Awaitable<boolean>;

  /** Gives the lease back, if it is still this owner's. */
  release(name: string, owner: string): Awaitable<unknown>;
}

const OPERATIONS = ['load', 'save', 'lease', 'release'] as const;

// Weak, so that what nobody uses can be collected; a source holds its own.
const stores = new Map<number, WeakRef<TokenStore>>();
const collected = new FinalizationRegistry<number>((id) => stores.delete(id));
let lastStore = 0;

/**
 * Checks what is to be a store.
 *
 * @internal
 */
export function ownStore(given: object): TokenStore {
  const store = bag('store', given);
  if (!OPERATIONS.every((operation) => typeof store[operation] === 'function')) {
    const methods = OPERATIONS.join(', ');
    throw invalidArgument(`store is neither a name nor a store, which has the methods ${methods}`);
  }
  const { timeout } = store;
  if (timeout !== undefined && typeof timeout !== 'number') {
    throw invalidArgument('store.timeout is not a number');
  }
  return given as TokenStore;
}

/**
 * Has it asked from now on, by this number.
 *
 * @internal
 */
export function register(store: TokenStore): number {
  lastStore = (lastStore + 1) >>> 0;
  stores.set(lastStore, new WeakRef(store));
  collected.register(store, lastStore);
  return lastStore;
}

/**
 * Asks a store for the native half. Never rejects.
 *
 * @internal
 */
export async function ask(question: StoreQuestion): Promise<StoreAnswer> {
  const { operation } = question;
  const store = stores.get(question.store)?.deref();
  if (store === undefined) return { failure: 'the store is gone' };
  let answer: unknown;
  try {
    answer = await call(store, question);
  } catch (error) {
    // Its text may hold a secret, such as a URL with a password.
    return { failure: `${operation} of the store threw ${nameOf(error)}` };
  }
  if (operation === 'release') return {};
  const read = operation === 'load' ? loaded(answer) : done(answer);
  return read ?? { failure: `${operation} of the store answered nonsense: ${nameOf(answer)}` };
}

function call(store: TokenStore, question: StoreQuestion): unknown {
  const { operation, name, owner, entry, replaces, span } = question;
  switch (operation) {
    case 'load':
      return store.load(name);
    case 'save':
      return store.save(name, entry as Uint8Array, { replaces, keep: span as number });
    case 'lease':
      return store.lease(name, owner as string, span as number);
    case 'release':
      return store.release(name, owner as string);
  }
}

function loaded(answer: unknown): StoreAnswer | undefined {
  if (answer === undefined || answer === null) return {};
  if (isUint8Array(answer)) return { entry: answer };
  const { entry, left } = answer as Partial<LoadedEntry>;
  const isLoaded = isUint8Array(entry) && typeof left === 'number' && left >= 0;
  return isLoaded ? { entry, left } : undefined;
}

function done(answer: unknown): StoreAnswer | undefined {
  return typeof answer === 'boolean' ? { done: answer } : undefined;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'an object';
}
