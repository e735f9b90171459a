/** One native delivery of a token, and all those who wait for it. */

import { list, take } from './calls.js';
import type { Facts, NativeTokenSource } from './native.js';
import { watch } from './signals.js';

/** The longest span that a timer takes. A wait that may last longer ends by its renewal. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A wait that ended before the delivery did. */
export const GAVE_UP = Symbol('gave up');

/** A token, a failure, or nothing: then it is to be asked for anew. */
export type Delivered = string | Facts | undefined;

export class Delivery {
  readonly #delivered: Promise<Delivered>;
  readonly #id: number;
  readonly #over: () => void;
  #waiting = 0;

  /**
   * @param id - The number under which the native half will settle it.
   * @param look - Fetches the token that the native half holds.
   * @param over - Called when it has come, or the last one who waited has gone.
   */
  constructor(
    id: number,
    source: NativeTokenSource,
    look: () => string | undefined,
    over: () => void,
  ) {
    this.#id = id;
    this.#over = over;
    const settled = new Promise<string | Facts | null>((settle) => {
      list(id, { owner: source, settle, forget: undefined });
    });
    this.#delivered = settled.then((outcome) => {
      over();
      return outcome === null ? look() : outcome;
    });
  }

  /**
   * Waits with the others.
   *
   * @param timeout - For how many milliseconds at most; then it is {@link GAVE_UP}.
   * @param signal - One that has not fired yet. When it does, the promise rejects with its reason.
   */
  wait(
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Delivered | typeof GAVE_UP> {
    this.#waiting++;
    if (timeout === undefined && signal === undefined) return this.#delivered;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        forget?.();
      };
      const leave = () => {
        end();
        this.#leave();
      };
      const forget =
        signal &&
        watch(signal, () => {
          leave();
          reject(signal.reason);
        });
      if (timeout !== undefined && timeout <= LONGEST_TIMER) {
        timer = setTimeout(() => {
          leave();
          resolve(GAVE_UP);
        }, timeout);
      }
      this.#delivered.finally(end).then(resolve, reject);
    });
  }

  /** The renewal goes on, but nobody here waits for it once the last one has left. */
  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    take(this.#id);
    this.#over();
  }
}
