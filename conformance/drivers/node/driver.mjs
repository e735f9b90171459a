// Does in JavaScript what the conformance runner asks: one request a line, one reply a line.

import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { Client, ERROR_CODES, FronteggError } from 'frontegg-token';

const clients = new Map();
const jobs = new Map();

/** The runner's names of settings are those of every language; these are JavaScript's. */
function options(settings) {
  const given = {
    region: settings.region,
    domain: settings.domain,
    baseUrl: settings.base_url,
    vendorHost: settings.vendor_host,
    allowHttp: settings.allow_http,
    connectTimeout: settings.connect_timeout_ms,
    attemptTimeout: settings.attempt_timeout_ms,
    deadline: settings.deadline_ms,
    retry: {
      maxAttempts: settings.max_attempts,
      baseDelay: settings.base_delay_ms,
      maxDelay: settings.max_delay_ms,
    },
    proxy: settings.proxy,
    roots: settings.roots,
    caPem: settings.ca_pem,
    caFile: settings.ca_file,
    headers: settings.headers && Object.fromEntries(settings.headers),
    bearer: settings.bearer,
    userAgentSuffix: settings.user_agent_suffix,
  };
  if (settings.client_certificate_pem !== undefined) {
    given.clientCertificate = {
      chain: settings.client_certificate_pem,
      key: settings.client_key_pem,
    };
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function tokenSet(tokens) {
  return {
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken ?? null,
    lifetime_ms: tokens.lifetime ?? null,
    expires: tokens.expires ?? null,
    trace_id: tokens.traceId ?? null,
    received_at_ms: tokens.receivedAt.getTime(),
    claims: tokens.claims ?? null,
  };
}

function facts(error) {
  return {
    code: error.code,
    number: error.number,
    message: error.message,
    http_status: error.httpStatus ?? null,
    messages: error.messages,
    error_code: error.errorCode ?? null,
    trace_id: error.traceId ?? null,
    retry_after_ms: error.retryAfter ?? null,
    attempts: error.attempts,
    retryable: error.retryable,
  };
}

/** All that this language would print of a value and its client. */
function shown(...values) {
  return values
    .flatMap((value) => [inspect(value, { depth: null }), String(value), JSON.stringify(value)])
    .join('\n');
}

function failed(error, client) {
  if (!(error instanceof FronteggError)) throw error;
  return { error: facts(error), shown: shown(error, client) };
}

async function outcome(call, client) {
  try {
    const tokens = await call;
    return { ok: tokenSet(tokens), shown: shown(tokens, client) };
  } catch (error) {
    return failed(error, client);
  }
}

function answer(request, call, client) {
  const result = outcome(call, client);
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
    return answer(request, client.authenticate(credentials), client);
  },
  refresh(request) {
    const client = clients.get(request.client);
    return answer(request, client.refresh(request.refresh_token), client);
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
