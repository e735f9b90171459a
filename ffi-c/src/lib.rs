//! The C interface of `frontegg-token`; `include/frontegg_token.h` is generated from it.
//!
//! Ownership is in the signatures: `Option<Box<T>>` takes a handle over, `Option<&T>` and
//! `Option<&mut T>` borrow one, `Option<&mut MaybeUninit<Option<Box<T>>>>` is where to put
//! one, and each of them may be NULL. An access token, of which its source keeps a share, is a
//! `NonNull<T>` in place of a box. So only the reading of strings and byte ranges is unsafe, and
//! the freeing of a share.
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
mod claims;
mod collected;
mod observed;
mod settings;
#[cfg(frontegg_testing)]
pub mod testing;
mod text;
mod time;

// In the order of the header.
pub mod config;

pub mod client;

pub mod token_store;

#[cfg(feature = "redis")]
pub mod redis_config;

pub mod source_config;

pub mod token_source;

pub mod access_token;

pub mod token_set;

pub mod error;
pub mod event;
pub mod stats;
pub mod status;
pub mod version;
