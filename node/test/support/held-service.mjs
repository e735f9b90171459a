// A service that answers when the test says so, and not before: no test needs to sleep.

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

export class HeldService extends EventEmitter {
  /** The bodies of all requests so far. */
  requests = [];
  #waiting = [];
  #server = createServer((request, response) => this.#receive(request, response));

  /** Starts one; `after` is that of `node:test`. */
  static async start(after) {
    const service = new HeldService();
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    after(() => {
      service.#server.closeAllConnections();
      service.#server.close();
    });
    return service;
  }

  get baseUrl() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Resolves once so many requests in all have arrived. */
  async arrived(count) {
    while (this.requests.length < count) await once(this, 'request');
  }

  /**
   * Answers all that wait; each gets a token that names its client id.
   *
   * @param members - Of the answer, instead of the usual ones.
   */
  release(members = {}, status = 200) {
    for (const { body, response } of this.#waiting.splice(0)) {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          access_token: `token of ${body.clientId}`,
          refresh_token: 'refresh',
          expires_in: 60,
          expires: '',
          ...members,
        }),
      );
    }
  }

  async #receive(request, response) {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    this.requests.push(body);
    this.#waiting.push({ body, response });
    this.emit('request');
  }
}
