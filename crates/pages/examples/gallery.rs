//! Writes every sample of every page, the style sheet and the icon to a folder, to be looked at in a browser:
//! `cargo run -p pages --example gallery -- FOLDER`.
#![allow(clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: gallery FOLDER");
        return ExitCode::FAILURE;
    };
    match write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("style.css"), pages::STYLE)?;
    std::fs::write(folder.join("icon.svg"), pages::ICON)?;
    for (name, page) in pages::gallery().map_err(std::io::Error::other)? {
        // From a folder there is no server that knows the hashed names.
        let page = page
            .replace(pages::style_path(), "style.css")
            .replace(pages::icon_path(), "icon.svg");
        std::fs::write(folder.join(format!("{name}.html")), page)?;
    }
    Ok(())
}
