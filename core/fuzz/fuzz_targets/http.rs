//! See `frontegg_token::fuzzing::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::http(input));
