//! See `frontegg_token::fuzzing::no_proxy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::no_proxy(input));
