// Builds the native half for this machine with cargo, and puts it where the package loads it:
//
//   node tools/build-native.mjs [--testing] [arguments for cargo build]
//
// With `--testing`, its clock can be moved: for the tests alone.
//
// `napi build` would do, but for its insistence on `--target`, which has cargo compile every
// dependency a second time beside those that the other members of the workspace share.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { TYPE_DEFINITIONS } from './bridge-types.mjs';

const CRATE = 'frontegg-token-node';

/** The part of the file's name that says what machine it is for; see `lib/native.ts`. */
function machine() {
  const { platform, arch } = process;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  if (platform !== 'linux') return `${platform}-${arch}`;
  return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function build(testing, extra) {
  mkdirSync(TYPE_DEFINITIONS, { recursive: true });
  const env = { ...process.env, NAPI_TYPE_DEF_TMP_FOLDER: TYPE_DEFINITIONS };
  env.FRONTEGG_TESTING = testing ? '1' : '0';
  if (!existsSync(join(TYPE_DEFINITIONS, CRATE))) {
    // They are written while the crate compiles, which cargo might find no reason to do.
    env.NAPI_FORCE_BUILD_FRONTEGG_TOKEN_NODE = `${Date.now()}`;
  }
  const format = '--message-format=json-render-diagnostics';
  const cargo = spawnSync('cargo', ['build', '--package', CRATE, format, ...extra], {
    cwd: join(import.meta.dirname, '..'),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (cargo.error) throw cargo.error;
  if (cargo.status !== 0) process.exit(cargo.status ?? 1);
  const messages = cargo.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const artifact = messages.find(
    (message) =>
      message.reason === 'compiler-artifact' &&
      message.target.kind.includes('cdylib') &&
      message.target.name === CRATE.replaceAll('-', '_'),
  );
  return artifact.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
}

const extra = process.argv.slice(2).filter((argument) => argument !== '--testing');
const library = build(process.argv.includes('--testing'), extra);
const destination = join(import.meta.dirname, '..', 'native', `frontegg-token.${machine()}.node`);
// Never written in place: a process may have it mapped.
copyFileSync(library, `${destination}.new`);
renameSync(`${destination}.new`, destination);
