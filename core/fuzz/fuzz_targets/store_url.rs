//! See `frontegg_token::fuzzing::store_url`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::store_url(input));
