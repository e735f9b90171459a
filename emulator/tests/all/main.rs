//! The emulator as its clients see it: on the wire, through its handle, and as a program.

mod calls;
mod control;
mod faults;
mod forms;
mod http;
mod program;
mod refresh;
mod signatures;
mod tls;
mod wire;
