//! `privity-verify`: the auditor's tool.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let exit = verify::run(std::env::args_os(), &mut out, &mut io::stderr());
    match exit.and_then(|exit| out.flush().map(|()| exit)) {
        Ok(exit) => exit.into(),
        // Whoever closed the pipe has read enough, but was not told the outcome.
        Err(_) => verify::Exit::Unreadable.into(),
    }
}
