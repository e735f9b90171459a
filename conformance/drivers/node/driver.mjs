// Does in JavaScript what the conformance runner asks: one request a line, one reply a line.

import { createInterface } from 'node:readline';
import { Client, ERROR_CODES } from 'frontegg-token';
import { failed, options, shown, tokenSet } from './replies.mjs';
import * as sources from './sources.mjs';
import * as stores from './stores.mjs';

const clients = new Map();
const jobs = new Map();

async function outcome(call, client) {
  try {
    const tokens = await call;
    return { ok: tokenSet(tokens), shown: shown(tokens, client) };
  } catch (error) {
    return failed(error, client);
  }
}

/** Answers at once where that is asked for, and the result to whoever waits for the job. */
function answer(request, result) {
  if (request.background === undefined) return result;
  jobs.set(request.background, result);
  return { ok: {} };
}

const operations = {
  new_client({ client, settings: { from_env: fromEnv, ...settings } = {} }) {
    try {
      const given = options(settings);
      clients.set(client, fromEnv ? Client.fromEnv(given) : new Client(given));
    } catch (error) {
      return failed(error);
    }
    return { ok: {} };
  },
  authenticate(request) {
    const client = clients.get(request.client);
    const credentials = { clientId: request.client_id, secret: request.secret };
    return answer(request, outcome(client.authenticate(credentials), client));
  },
  refresh(request) {
    const client = clients.get(request.client);
    return answer(request, outcome(client.refresh(request.refresh_token), client));
  },
  wait: ({ job }) => jobs.get(job),
  close({ client }) {
    clients.get(client).close();
    return { ok: {} };
  },
  drop({ client }) {
    clients.delete(client);
    return { ok: {} };
  },
  new_source: (request) => sources.create(request, clients.get(request.client)),
  token: (request) => answer(request, sources.token(request)),
  peek: sources.peek,
  invalidate: sources.invalidate,
  set_credentials: sources.setCredentials,
  stats: sources.stats,
  events: sources.events,
  close_source: sources.close,
  drop_source: sources.drop,
  resume_store: stores.resume,
  advance_clock: sources.advanceClock,
  step_wall_clock: sources.stepWallClock,
  errors() {
    const rows = Object.entries(ERROR_CODES).map(([code, number]) => ({ number, code }));
    return { ok: { errors: rows } };
  },
};

for await (const line of createInterface(process.stdin)) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(await operations[request.op](request)));
}
// Calls that nobody waits for any more end with the process.
process.exit();
