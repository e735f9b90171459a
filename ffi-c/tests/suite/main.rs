//! The C interface as its users meet it: installed, compiled against, linked and run.
//!
//! Needs gcc, clang (each with C++), make, pkg-config, binutils and valgrind.

mod examples;
mod header;
mod install;
mod programs;
mod sources;
mod stores;
mod symbols;
