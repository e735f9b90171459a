/** Finds and loads the native half of the package. */

type Native = typeof import('../native/bridge');

export type {
  CurrentToken,
  Facts,
  NativeClient,
  NativeStore,
  NativeTokenSource,
  RedisSettings,
  Settings,
  SourceSettings,
  StoreAnswer,
  StoreQuestion,
} from '../native/bridge';

/**
 * The builds that may serve this machine. A build for the other C library does not load, so
 * that on Linux trying both is quicker than finding out which one is there.
 */
function candidates(): string[] {
  const { platform, arch } = process;
  if (platform === 'linux') return [`linux-${arch}-gnu`, `linux-${arch}-musl`];
  if (platform === 'win32') return [`win32-${arch}-msvc`];
  return [`${platform}-${arch}`];
}

function load(): Native {
  const failures: unknown[] = [];
  for (const build of candidates()) {
    try {
      return require(`../native/frontegg-token.${build}.node`);
    } catch (failure) {
      failures.push(failure);
    }
  }
  const machine = `${process.platform} ${process.arch}`;
  throw new AggregateError(failures, `frontegg-token: no native build loads on ${machine}`);
}

export const native = load();
