// How settings come from the runner, and how answers go back to it.

import { inspect } from 'node:util';
import { FronteggError } from 'frontegg-token';

/** The runner's names of settings are those of every language; these are JavaScript's. */
export function options(settings) {
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

export function tokenSet(tokens) {
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

/** All that this language would print of a value and of whom was asked for it. */
export function shown(...values) {
  return values
    .flatMap((value) => [inspect(value, { depth: null }), String(value), JSON.stringify(value)])
    .join('\n');
}

export function failed(error, asked) {
  if (!(error instanceof FronteggError)) throw error;
  return { error: facts(error), shown: shown(error, asked) };
}
