// Runs a piece of JavaScript in a Node process of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '../..');

/** Starts it; `args` are its `process.argv.slice(1)`. Inside, `frontegg-token` is this package. */
export function startChild(source, ...args) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', source, '--', ...args.map(String)],
    { cwd: PACKAGE, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const output = child.stdout.toArray().then((chunks) => Buffer.concat(chunks).toString());
  const ended = once(child, 'exit').then(async ([code, signal]) => ({
    code,
    signal,
    output: (await output).trim(),
  }));
  return { stdin: child.stdin, ended };
}

/** Starts it and waits for its end. */
export function runChild(source, ...args) {
  return startChild(source, ...args).ended;
}
