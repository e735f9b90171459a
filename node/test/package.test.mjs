import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CREDENTIALS, startEmulator } from './support/emulator.mjs';

const PACKAGE = join(import.meta.dirname, '..');

const folder = mkdtempSync(join(tmpdir(), 'frontegg-token-'));
after(() => rmSync(folder, { recursive: true }));

function npm(cwd, ...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

// Without scripts: what is packed is what the tests run on, and not a release.
const packed = npm(PACKAGE, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
const [{ filename, files }] = JSON.parse(packed);
writeFileSync(join(folder, 'package.json'), '{ "private": true }');
npm(folder, 'install', '--offline', '--ignore-scripts', '--no-package-lock', `./${filename}`);

test('the package holds what it needs and no more', () => {
  const paths = files.map(({ path }) => path).filter((path) => !path.startsWith('LICENSE-'));
  const allowed = /^(package\.json|README\.md|dist\/[\w-]+\.(m?js|d\.m?ts)|native\/[\w.-]+\.node)$/;
  assert.deepEqual(
    paths.filter((path) => !allowed.test(path)),
    [],
  );
  for (const path of ['README.md', 'dist/index.js', 'dist/index.mjs', 'dist/index.d.mts']) {
    assert.ok(paths.includes(path), path);
  }
  assert.equal(paths.filter((path) => path.endsWith('.node')).length, 1);
});

test('it is imported and required where it is installed', async () => {
  const { options } = await startEmulator(after);
  const call = `
    const client = new Client(${JSON.stringify(options)});
    const source = new TokenSource(client, ${JSON.stringify(CREDENTIALS)});
    source.token().then(() => console.log(source.info().claims.sub));
  `;
  writeFileSync(
    join(folder, 'esm.mjs'),
    `import { Client, TokenSource } from 'frontegg-token';${call}`,
  );
  writeFileSync(
    join(folder, 'cjs.cjs'),
    `const { Client, TokenSource } = require('frontegg-token');${call}`,
  );
  for (const file of ['esm.mjs', 'cjs.cjs']) {
    const output = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    assert.equal(output.trim(), CREDENTIALS.clientId, file);
  }
});

test('its types hold for every way of resolving them', () => {
  symlinkSync(join(PACKAGE, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const tsc = join(PACKAGE, 'node_modules/.bin/tsc');
  for (const [file, module, resolution] of [
    ['sample.mts', 'nodenext', 'nodenext'],
    ['sample.cts', 'nodenext', 'nodenext'],
    ['sample.mts', 'node16', 'node16'],
    ['sample.ts', 'esnext', 'bundler'],
  ]) {
    copyFileSync(join(import.meta.dirname, 'types/sample.ts'), join(folder, file));
    const options = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2022'];
    const args = [...options, '--module', module, '--moduleResolution', resolution, file];
    try {
      execFileSync(tsc, args, { cwd: folder, encoding: 'utf8' });
    } catch ({ stdout }) {
      assert.fail(`${file} as ${module}:\n${stdout}`);
    }
  }
});
