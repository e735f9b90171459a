//! The C interface of `frontegg-token`; `include/frontegg_token.h` is generated from it.
//!
//! Ownership is in the signatures: `Option<Box<T>>` takes a handle over, `Option<&T>` and
//! `Option<&mut T>` borrow one, `Option<&mut MaybeUninit<Option<Box<T>>>>` is where to put
//! one, and each of them may be NULL. So only the reading of strings and byte ranges is unsafe.
//!
//! The doc comments of public items are written for the header's readers.

// The one crate that talks to C.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]
// Types are named as C names them.
#![allow(non_camel_case_types)]
// What callers owe is said once, in the rules at the top of the header.
#![allow(clippy::missing_safety_doc)]

mod border;
mod settings;
mod text;

// In the order of the header.
pub mod config;

pub mod client;

pub mod token_set;

pub mod error;
pub mod status;
pub mod version;
