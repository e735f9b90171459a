/** Listens to abort signals, once to each, however many calls share it. */

// More than ten listeners on one signal would have Node warn of a leak.
const watched = new Map<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal fires.
 *
 * @returns what ends the watch, and leaves no listener behind.
 */
export function watch(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = watched.get(signal) ?? new Set();
  if (callbacks.size === 0) {
    watched.set(signal, callbacks);
    signal.addEventListener('abort', fire);
  }
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    watched.delete(signal);
    signal.removeEventListener('abort', fire);
  };
}

function fire(this: AbortSignal): void {
  for (const callback of watched.get(this) ?? []) callback();
}
