// Token sources of a service that answers when the test says so.

import assert from 'node:assert/strict';
import { Client, TokenSource } from 'frontegg-token';
import { HeldService } from './held-service.mjs';

export const credentials = { clientId: 'a', secret: 'secret' };

/** A source and the service that it asks; `after` is that of `node:test`. */
export async function held(after, options) {
  const service = await HeldService.start(after);
  const client = new Client({ baseUrl: service.baseUrl, retry: { maxAttempts: 1 } });
  const source = new TokenSource(client, { ...credentials, ...options });
  return { service, source };
}

/** A source that holds the token `first` for a minute, and has been told of it. */
export async function holding(after, options) {
  const told = [];
  let event = () => {};
  const observer = ({ kind }) => {
    told.push(kind);
    event();
  };
  const { service, source } = await held(after, { ...options, observer });
  const token = source.token();
  await service.arrived(1);
  service.release({ access_token: 'first' });
  assert.equal(await token, 'first');
  async function observed(kind) {
    while (!told.includes(kind)) await new Promise((resolve) => (event = resolve));
  }
  await observed('authenticated');
  return { service, source, observed };
}
