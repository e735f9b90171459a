// A server that takes connections and says nothing: a TLS handshake with it never ends.

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';

export class SilentServer extends EventEmitter {
  sockets = [];
  #server = createServer((socket) => {
    socket.on('error', () => {});
    this.sockets.push(socket);
    this.emit('connected');
  });

  /** Starts one; `after` is that of `node:test`. */
  static async start(after) {
    const silent = new SilentServer();
    silent.#server.listen(0, '127.0.0.1');
    await once(silent.#server, 'listening');
    after(() => {
      silent.hangUp();
      silent.#server.close();
    });
    return silent;
  }

  get baseUrl() {
    return `https://127.0.0.1:${this.#server.address().port}`;
  }

  /** Resolves once so many connections in all were taken. */
  async connected(count) {
    while (this.sockets.length < count) await once(this, 'connected');
  }

  /** Breaks all connections. */
  hangUp() {
    for (const socket of this.sockets) socket.destroy();
  }
}
