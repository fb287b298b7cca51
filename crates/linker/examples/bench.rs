//! Measures the linker: `cargo run --release -p linker --example bench -- DATA [NUMBER OF FALSE POSITIVES TO LIST]`.
#![allow(clippy::indexing_slicing, clippy::string_slice, dead_code)]

#[path = "../../../xtask/src/mentions.rs"]
mod mentions;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().ok_or_else(|| anyhow::anyhow!("which data folder?"))?;
    let list = arguments.next().map_or(Ok(0), |number| number.parse())?;
    mentions::run_listing(data.as_ref(), &mut std::io::stdout(), list)
}
