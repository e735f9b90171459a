//! See `frontegg_token::fuzzing::sealed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::sealed(input));
