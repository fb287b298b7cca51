//! The one style sheet and the icon, named by their content so that browsers may keep them for ever.

use std::sync::LazyLock;

/// The style sheet. Serve it at [`style_path`] as `text/css; charset=utf-8`.
pub const STYLE: &str = include_str!("../assets/style.css");

/// The icon. Serve it at [`icon_path`] as `image/svg+xml`.
pub const ICON: &str = include_str!("../assets/icon.svg");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/privity.{:016x}.css", fnv(STYLE)));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/privity.{:016x}.svg", fnv(ICON)));

/// Where the pages expect [`STYLE`]. Changes whenever the sheet does.
pub fn style_path() -> &'static str {
    &STYLE_PATH
}

/// Where the pages expect [`ICON`]. Changes whenever the icon does.
pub fn icon_path() -> &'static str {
    &ICON_PATH
}

/// FNV-1a. A name for caches, not a proof of anything.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_its_content() {
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("a"), 0xaf63_dc4c_8601_ec8c); // published test vector of FNV-1a 64
        assert!(style_path().ends_with(".css") && style_path() != icon_path());
    }
}
