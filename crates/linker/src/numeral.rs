//! One spelling for numbers and for words that titles abbreviate: `II` and `two` become `2`, `versus` becomes `vs`.

/// The canonical spelling of a folded word; the word itself if it has no other.
///
/// The Roman numerals `i`, `v` and `x` stay letters: as words of running text they are not numbers. The spellings of a
/// title (`spelling`) know them at the end of a name.
pub(crate) fn canonical(word: &str) -> &str {
    match word {
        "zero" => "0",
        "one" => "1",
        "two" | "ii" => "2",
        "three" | "iii" => "3",
        "four" | "iv" => "4",
        "five" => "5",
        "six" | "vi" => "6",
        "seven" | "vii" => "7",
        "eight" | "viii" => "8",
        "nine" | "ix" => "9",
        "ten" => "10",
        "eleven" | "xi" => "11",
        "twelve" | "xii" => "12",
        "thirteen" | "xiii" => "13",
        "fourteen" | "xiv" => "14",
        "fifteen" | "xv" => "15",
        "sixteen" | "xvi" => "16",
        "twenty" => "20",
        "versus" => "vs",
        "mister" => "mr",
        "doctor" => "dr",
        "saint" => "st",
        "volume" => "vol",
        "pt" => "part",
        other => other,
    }
}

/// The number that a lone Roman letter at the end of a name may mean.
pub(crate) fn lone_roman(word: &str) -> Option<&'static str> {
    match word {
        "i" => Some("1"),
        "v" => Some("5"),
        "x" => Some("10"),
        _ => None,
    }
}

/// A year of release as four digits, 1880 to 2099.
pub(crate) fn year(word: &str) -> Option<u16> {
    if word.len() != 4 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    word.parse().ok().filter(|year| (1880..2100).contains(year))
}
