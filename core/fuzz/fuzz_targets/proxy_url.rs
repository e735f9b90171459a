//! See `frontegg_token::fuzzing::proxy_url`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| frontegg_token::fuzzing::proxy_url(input));
