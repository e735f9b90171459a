/** A token that JavaScript answers by itself, and until when. */

/** A moment by both clocks, in milliseconds. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

/**
 * How far the two clocks may have come apart since they were noted. One of them was set, or
 * the machine was suspended: the native half, whose clocks know better, has to look.
 */
const DRIFT = 1000;

/** The time. To be read before a span is asked for that counts from it. */
export function now(): Moment {
  return { wall: Date.now(), steady: performance.now() };
}

/** A token, for a span that the native half said, by two clocks: either can end it. */
export class Kept {
  /** Nothing. */
  static readonly NOTHING = new Kept('', Number.NEGATIVE_INFINITY, { wall: 0, steady: 0 });

  readonly text: string;
  /** Resolved already: one promise for all, since to make one costs more than to await it. */
  readonly token: Promise<string>;
  readonly #wallLimit: number;
  readonly #steadyLimit: number;
  readonly #apart: number;
  /** The millisecond in which both clocks were last looked at, and the token found good. */
  #checked = Number.NaN;

  constructor(text: string, span: number, since: Moment) {
    this.text = text;
    this.token = Promise.resolve(text);
    this.#wallLimit = since.wall + span;
    this.#steadyLimit = since.steady + span;
    this.#apart = since.wall - since.steady;
  }

  /** Whether the token can be answered without asking the native half. */
  isGood(): boolean {
    const wall = Date.now();
    return wall === this.#checked || this.#look(wall);
  }

  #look(wall: number): boolean {
    const steady = performance.now();
    const good =
      wall < this.#wallLimit &&
      steady < this.#steadyLimit &&
      Math.abs(wall - steady - this.#apart) <= DRIFT;
    if (good) this.#checked = wall;
    return good;
  }
}
