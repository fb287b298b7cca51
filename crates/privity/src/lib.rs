//! The one binary, as a library: config, command line, wiring, clock, keys, demonstration, shutdown. `xtask` drives the
//! same pieces.

pub mod admin;
mod aggregator;
pub mod browser;
pub mod cli;
pub mod cluster;
mod demo;
mod duty;
mod filing;
pub mod keys;
mod moving;
pub mod outside;
mod post;
mod report;
pub mod serve;
pub mod site;

pub use demo::draft;

/// The server's threads allocate in one place and free in another, which glibc's allocator answers with lock waits: a
/// fifth of a read's time (`cargo xtask bench spine --only reads` with and without).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
