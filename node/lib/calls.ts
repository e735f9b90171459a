/** The calls under way: how native outcomes find the promises that wait for them. */

import { ERROR_CODES, FronteggError, type FronteggErrorCode } from './errors.js';
import { type Facts, type NativeClient, native, type Settings } from './native.js';
import { watch } from './signals.js';
import { TokenSet } from './token-set.js';

/** How a call ended. Failures come as plain data: whoever awaits them makes the error. */
export type Outcome = TokenSet | Facts;

interface Call {
  readonly client: NativeClient;
  readonly resolve: (outcome: Outcome) => void;
  readonly forget: (() => void) | undefined;
}

const calls = new Map<number, Call>();
let lastId = 0;

// One for all clients. It holds no client, so that those can be collected.
const bridge = new native.Bridge(
  (id, outcome, refreshToken, lifetime, expires, traceId, receivedAt) => {
    // Nothing is there when the call was aborted or its client closed.
    const call = take(id);
    if (call === undefined) return;
    call.resolve(
      typeof outcome === 'string'
        ? new TokenSet(
            outcome,
            refreshToken ?? undefined,
            lifetime ?? undefined,
            expires ?? undefined,
            traceId ?? undefined,
            receivedAt as number,
          )
        : outcome,
    );
  },
);

/** Strikes a call off the list. The event loop is kept alive only while there is one. */
function take(id: number): Call | undefined {
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
    lastId = (lastId + 1) >>> 0;
    const id = lastId;
    const forget =
      signal &&
      watch(signal, () => {
        take(id);
        client.cancel(id);
        reject(signal.reason);
      });
    if (calls.size === 0) bridge.ref();
    calls.set(id, { client, resolve, forget });
    try {
      crossing(() => begin(id));
    } catch (error) {
      take(id);
      reject(error);
    }
  });
}

/** Ends all calls of a client with this outcome. */
export function endAll(client: NativeClient, outcome: Outcome): void {
  for (const [id, call] of calls) {
    if (call.client === client) take(id)?.resolve(outcome);
  }
}
