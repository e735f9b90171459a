// The native half, which is not the package's API.

import { createRequire } from 'node:module';

export const { native } = createRequire(import.meta.url)('../../dist/native.js');
