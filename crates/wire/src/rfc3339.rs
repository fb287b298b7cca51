//! Dates on the wire: text of a fixed shape (RFC 3339), checked but not computed with.

/// Whether `text` is a JMAP `Date` (RFC 8620 section 1.4): an RFC 3339 date-time in capitals, with any offset.
pub fn is_date(text: &str) -> bool {
    offset_of(text).is_some_and(|offset| offset == b"Z" || is_numeric_offset(offset))
}

/// Whether `text` is a JMAP `UTCDate`: a `Date` whose offset is `Z`.
pub fn is_utc_date(text: &str) -> bool {
    offset_of(text) == Some(b"Z")
}

/// What follows a well-formed date and time.
fn offset_of(text: &str) -> Option<&[u8]> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    literal(&mut rest, b'-')?;
    let month = number(&mut rest, 2)?;
    literal(&mut rest, b'-')?;
    let day = number(&mut rest, 2)?;
    literal(&mut rest, b'T')?;
    let hour = number(&mut rest, 2)?;
    literal(&mut rest, b':')?;
    let minute = number(&mut rest, 2)?;
    literal(&mut rest, b':')?;
    let second = number(&mut rest, 2)?;
    if literal(&mut rest, b'.').is_some() {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        rest = rest.get(digits..)?;
    }
    let in_range = (1..=days_in(year, month)).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    in_range.then_some(rest)
}

fn number(rest: &mut &[u8], digits: usize) -> Option<u32> {
    let (head, tail) = rest.split_at_checked(digits)?;
    *rest = tail;
    head.iter()
        .try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn literal(rest: &mut &[u8], expected: u8) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    (*first == expected).then(|| *rest = tail)
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn is_numeric_offset(mut rest: &[u8]) -> bool {
    let mut read = || {
        literal(&mut rest, b'+').or_else(|| literal(&mut rest, b'-'))?;
        let hour = number(&mut rest, 2)?;
        literal(&mut rest, b':')?;
        let minute = number(&mut rest, 2)?;
        (rest.is_empty() && hour < 24 && minute < 60).then_some(())
    };
    read().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_rfc() {
        assert!(is_date("2014-10-30T14:12:00+08:00"));
        assert!(!is_utc_date("2014-10-30T14:12:00+08:00"));
        assert!(is_utc_date("2014-10-30T06:12:00Z"));
        assert!(is_utc_date("2024-02-29T23:59:60.123Z"));
    }

    #[test]
    fn what_is_not_a_date() {
        for bad in [
            "",
            "2014-10-30",
            "2014-10-30T06:12:00",
            "2014-10-30t06:12:00Z",
            "2014-10-30T06:12:00z",
            "2023-02-29T00:00:00Z",
            "2014-13-01T00:00:00Z",
            "2014-00-01T00:00:00Z",
            "2014-10-30T24:00:00Z",
            "2014-10-30T06:60:00Z",
            "2014-10-30T06:12:00.Z",
            "2014-10-30T06:12:00Z ",
            "2014-10-30T06:12:00+8:00",
            "+014-10-30T06:12:00Z",
            "２014-10-30T06:12:00Z",
        ] {
            assert!(!is_date(bad), "{bad}");
            assert!(!is_utc_date(bad), "{bad}");
        }
    }
}
