// The clocks that a token source reads: those of the native half, and JavaScript's own, which
// are moved as fake timers move them. They are the process's: for all tests of a file.

import { native } from './native.mjs';

const moved = { wall: 0, steady: 0 };
const wall = Date.now;
const steady = performance.now.bind(performance);
Date.now = () => wall() + moved.wall;
performance.now = () => steady() + moved.steady;

/** Lets so many milliseconds pass. */
export function advance(ms) {
  native.testingAdvanceClock(ms);
  moved.wall += ms;
  moved.steady += ms;
}

/** Sets the system's clock forward, or back. */
export function step(ms) {
  native.testingStepWallClock(ms);
  moved.wall += ms;
}

/**
 * Lets the machine sleep: the clock since boot counts that, as the system's clock does, but
 * the one of `performance` does not.
 */
export function suspend(ms) {
  native.testingAdvanceClock(ms);
  moved.wall += ms;
}
