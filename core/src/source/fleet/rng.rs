//! Chance, out of a seed: the same numbers for the same seed, on every machine.

use std::ops::Range;

/// SplitMix64: a counter, and what it comes to when it is stirred.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(stir(seed))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        stir(self.0)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss)] // as many bits as the fraction of a float holds
    pub(super) fn draw(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.draw() < chance
    }

    /// A number of the range, which is not empty.
    pub(super) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub(super) fn one_of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.within(0..among.len() as u64) as usize]
    }
}

/// Spreads every bit over all others.
pub(super) fn stir(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
