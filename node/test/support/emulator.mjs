// Starts the emulator, which ends with the test process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM =
  process.env.FRONTEGG_EMULATOR ??
  join(import.meta.dirname, '../../../target/debug/frontegg-emulator');

/** The credentials that every emulator here accepts. */
export const CREDENTIALS = { clientId: 'client-one', secret: 'planted-secret-one' };
export const OTHER_CREDENTIALS = { clientId: 'client-two', secret: 'planted-secret-two' };

/** An emulator for the tests of this file; `after` is that of `node:test`. */
export async function startEmulator(after, ...args) {
  const tokens = [CREDENTIALS, OTHER_CREDENTIALS].flatMap(({ clientId, secret }) => [
    '--api-token',
    `${clientId}:${secret}`,
  ]);
  const program = spawn(PROGRAM, ['--exit-with-stdin', '--algorithm=HS256', ...tokens, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(async () => {
    program.stdin.end();
    if (program.exitCode === null) await once(program, 'exit');
  });
  const [line] = await once(createInterface(program.stdout), 'line');
  const addresses = JSON.parse(line);

  async function control(method, path, body) {
    const answer = await fetch(`${addresses.control}/_emulator/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined;
  }

  return {
    /** What a client needs to know. */
    options: { baseUrl: addresses.base_url, caFile: addresses.ca_file },
    /** The next requests of a kind go wrong. */
    fault: (fault) => control('POST', 'faults', fault),
    /** What it has seen. */
    state: () => control('GET', 'state'),
  };
}
