// Generates `native/bridge.d.ts` from what the last build of the native half left behind:
//
//   node tools/bridge-types.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = join(import.meta.dirname, '..');

/** Where the compiler leaves the raw material. */
export const TYPE_DEFINITIONS = join(PACKAGE, '..', 'target', 'napi-types');

/** The committed file. */
export const BRIDGE_TYPES = join(PACKAGE, 'native', 'bridge.d.ts');

/** What the committed file should be. */
export async function bridgeTypes() {
  const { generateTypeDef } = await import('@napi-rs/cli');
  const { dts } = await generateTypeDef({ typeDefDir: TYPE_DEFINITIONS, cwd: PACKAGE });
  return dts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await bridgeTypes();
  if (readFileSync(BRIDGE_TYPES, { encoding: 'utf8', flag: 'a+' }) !== text) {
    writeFileSync(BRIDGE_TYPES, text);
  }
}
