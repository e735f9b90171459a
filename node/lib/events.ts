/** The events of token sources, on their way to whoever listens. */

import type { Facts } from './native.js';

/** Told of each event of one source. */
export type Listener = (kind: string, generation: number, error: Facts | null) => void;

// Weak, so that a source that is forgotten can be collected, and its listener with it.
const listeners = new Map<number, WeakRef<Listener>>();
const collected = new FinalizationRegistry<number>((source) => listeners.delete(source));
let lastSource = 0;

/** Listens for as long as somebody holds the listener; answers the number of the source. */
export function listen(listener: Listener): number {
  lastSource = (lastSource + 1) >>> 0;
  listeners.set(lastSource, new WeakRef(listener));
  collected.register(listener, lastSource);
  return lastSource;
}

/** Called by the native half. */
export function tell(source: number, ...event: Parameters<Listener>): void {
  listeners.get(source)?.deref()?.(...event);
}
