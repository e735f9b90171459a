// What the runner asks of token sources, and of their clock.

import { createRequire } from 'node:module';
import { TokenSource } from 'frontegg-token';
import { failed, options, shown } from './replies.mjs';
import { storeOf } from './stores.mjs';

// The native half, whose clock only tests can move.
const { native } = createRequire(import.meta.url)('../../../node/dist/native.js');

/** Each with what its observer was told since somebody asked. */
const sources = new Map();

export function create(request, client) {
  const { client_id: clientId, secret, settings = {} } = request;
  const events = [];
  const given = () => ({
    renewalWindow: settings.renewal_window,
    policy: settings.policy,
    deadline: settings.deadline_ms,
    store: storeOf(settings.store),
    observer: (event) => events.push(event),
  });
  try {
    const source = request.from_env
      ? TokenSource.fromEnv({ ...given(), client: options(request.client_settings ?? {}) })
      : new TokenSource(client, { clientId, secret, ...given() });
    sources.set(request.source, { source, events });
  } catch (error) {
    return failed(error);
  }
  return { ok: {} };
}

export async function token(request) {
  const { source } = sources.get(request.source);
  const { min_validity_ms: minValidity, timeout_ms: timeout } = request;
  try {
    // Without options there is a shorter way.
    const wants = minValidity !== undefined || timeout !== undefined;
    const token = await source.token(wants ? { minValidity, timeout } : undefined);
    const info = source.info();
    return {
      ok: {
        token,
        authorization: `Bearer ${token}`,
        expires_at_ms: info?.expiresAt.getTime() ?? null,
        renewal_due_at_ms: info?.renewalDueAt.getTime() ?? null,
        origin: info?.origin ?? null,
        claims: info?.claims ?? null,
      },
      shown: shown(source, info),
    };
  } catch (error) {
    return failed(error, source);
  }
}

export function peek(request) {
  return { ok: { token: sources.get(request.source).source.peek() ?? null } };
}

export function invalidate(request) {
  return { ok: { was_current: sources.get(request.source).source.invalidate(request.token) } };
}

export function setCredentials({ source: name, client_id: clientId, secret }) {
  const { source } = sources.get(name);
  try {
    source.setCredentials({ clientId, secret });
  } catch (error) {
    return failed(error, source);
  }
  return { ok: {} };
}

export function stats(request) {
  const { storeHits, storeFailures, storeError, authenticatingOnly, ...counts } = sources
    .get(request.source)
    .source.stats();
  return {
    ok: {
      ...counts,
      store_hits: storeHits,
      store_failures: storeFailures,
      store_error: storeError ? { code: storeError.code, message: storeError.message } : null,
      authenticating_only: authenticatingOnly,
    },
  };
}

export function events(request) {
  const told = sources.get(request.source).events.splice(0);
  const events = told.map(({ kind, generation, error }) => {
    return { kind, generation, code: error?.code ?? null };
  });
  return { ok: { events } };
}

export function close(request) {
  sources.get(request.source).source.close();
  return { ok: {} };
}

/** What the end of a block does to a source that it is `using`. */
export function drop(request) {
  sources.get(request.source).source[Symbol.dispose]();
  sources.delete(request.source);
  return { ok: {} };
}

// JavaScript's own clocks, moved as fake timers move them.
const moved = { wall: 0, steady: 0 };
const wall = Date.now;
const steady = performance.now.bind(performance);
Date.now = () => wall() + moved.wall;
performance.now = () => steady() + moved.steady;

export function advanceClock({ ms }) {
  native.testingAdvanceClock(ms);
  moved.wall += ms;
  moved.steady += ms;
  return { ok: {} };
}

export function stepWallClock({ ms }) {
  native.testingStepWallClock(ms);
  moved.wall += ms;
  return { ok: {} };
}
