//! See `frontegg_token::fuzzing::answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::answer(input));
