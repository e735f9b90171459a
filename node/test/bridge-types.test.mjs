import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BRIDGE_TYPES, bridgeTypes } from '../tools/bridge-types.mjs';

test('native/bridge.d.ts is what its generator makes of the bridge; if not, npm run generate', async () => {
  assert.equal(readFileSync(BRIDGE_TYPES, 'utf8'), await bridgeTypes());
});
