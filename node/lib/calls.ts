/** The calls under way: how native outcomes find the promises that wait for them. */

import { ERROR_CODES, FronteggError, type FronteggErrorCode } from './errors.js';
import { tell } from './events.js';
import {
  type Facts,
  type NativeClient,
  type NativeTokenSource,
  native,
  type Settings,
} from './native.js';
import { ask } from './own-stores.js';
import { watch } from './signals.js';
import { TokenSet } from './token-set.js';

/** How a call ended. Failures come as plain data: whoever awaits them makes the error. */
export type Outcome = TokenSet | Facts;

type Owner = NativeClient | NativeTokenSource;
type Settle = ConstructorParameters<typeof native.Bridge>[0];
type Settled = Parameters<Settle> extends [number, ...infer Rest] ? Rest : never;

interface Call {
  readonly owner: Owner;
  readonly settle: (...outcome: Settled) => void;
  readonly forget: (() => void) | undefined;
}

const calls = new Map<number, Call>();
let lastId = 0;

// One for all clients and sources. It holds none, so that those can be collected.
export const bridge = new native.Bridge(
  (id, ...outcome) => {
    // Nothing is there when the call was aborted or its owner closed.
    take(id)?.settle(...outcome);
  },
  tell,
  async (question) => bridge.answer(question.id, await ask(question)),
);

/** A number for a call that is about to begin. */
export function nextId(): number {
  lastId = (lastId + 1) >>> 0;
  return lastId;
}

/** Puts a call on the list: from now on it keeps the event loop alive. */
export function list(id: number, call: Call): void {
  if (calls.size === 0) bridge.ref();
  calls.set(id, call);
}

/** Strikes a call off the list. The event loop is kept alive only while there is one. */
export function take(id: number): Call | undefined {
  const call = calls.get(id);
  if (call === undefined) return undefined;
  calls.delete(id);
  if (calls.size === 0) bridge.unref();
  call.forget?.();
  return call;
}

/** Opens a client of the native half. */
export function open(settings: Settings): NativeClient {
  return crossing(() => new native.NativeClient(bridge, settings));
}

/** What a failure is to those who await it. */
export function errorOf(facts: Facts): FronteggError {
  return new FronteggError(facts.code as FronteggErrorCode, facts.message, facts);
}

/** Calls into the native half; what it throws comes out as a {@link FronteggError}. */
export function crossing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code, message } = error as { code: FronteggErrorCode; message: string };
    throw new FronteggError(Object.hasOwn(ERROR_CODES, code) ? code : 'internal', message);
  }
}

/**
 * Starts a call.
 *
 * @param client - Whose call it is.
 * @param signal - One that has not fired yet. When it does, the promise rejects with its reason.
 * @param begin - Hands the call, under its id, to the native half.
 */
export function start(
  client: NativeClient,
  signal: AbortSignal | undefined,
  begin: (id: number) => void,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const id = nextId();
    const forget =
      signal &&
      watch(signal, () => {
        take(id);
        client.cancel(id);
        reject(signal.reason);
      });
    list(id, { owner: client, settle: (...outcome) => resolve(answer(...outcome)), forget });
    try {
      crossing(() => begin(id));
    } catch (error) {
      take(id);
      reject(error);
    }
  });
}

function answer(...[outcome, refreshToken, lifetime, ...rest]: Settled): Outcome {
  if (typeof outcome !== 'string') return outcome as Facts;
  const [expires, traceId, receivedAt] = rest;
  return new TokenSet(
    outcome,
    refreshToken ?? undefined,
    lifetime ?? undefined,
    expires ?? undefined,
    traceId ?? undefined,
    receivedAt as number,
  );
}

/** Ends all calls of a client or source with this failure. */
export function endAll(owner: Owner, failure: Facts): void {
  for (const [id, call] of calls) {
    if (call.owner === owner) take(id)?.settle(failure);
  }
}
