//! The one binary, as a library: config, command line, wiring, clock, keys, demonstration, shutdown. `xtask` drives the
//! same pieces.

pub mod admin;
pub mod browser;
pub mod cli;
mod demo;
pub mod keys;
pub mod outside;
pub mod serve;
pub mod site;

pub use demo::draft;
