//! Messages told per partner and week, as a picture beside its table.
//!
//! One row of bars per partner, all on one scale, each under its own name: no legend, and no colour that has to be told from another.

use crate::escape::{Inert, tame};
use crate::{when, words};
use askama::filters::Escaper;
use model::Time;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Weeks a chart shows at most: the newest.
pub const WEEKS_LIMIT: usize = 26;
/// Partners it shows at most; the others are in the table.
const PARTNERS_LIMIT: usize = 6;
const NAME_LIMIT: usize = 38;

const WIDTH: i32 = 360;
const ROW: i32 = 112;
const FOOT: i32 = 24;
/// Above the bars of a row: the partner's name.
const HEAD: i32 = 34;

struct Palette {
    class: &'static str,
    bar: RGBColor,
    line: RGBColor,
    ink: RGBColor,
    soft: RGBColor,
}

/// As in the style sheet.
const PALETTES: [Palette; 2] = [
    Palette {
        class: "only-light",
        bar: RGBColor(0x8a, 0x25, 0x50),
        line: RGBColor(0xd9, 0xcb, 0xc8),
        ink: RGBColor(0x2b, 0x22, 0x26),
        soft: RGBColor(0x6b, 0x5d, 0x63),
    },
    Palette {
        class: "only-dark",
        bar: RGBColor(0xf2, 0xa0, 0xbf),
        line: RGBColor(0x4a, 0x3c, 0x44),
        ink: RGBColor(0xf3, 0xeb, 0xee),
        soft: RGBColor(0xb9, 0xa9, 0xb0),
    },
];

/// Draws the numbers of each week (its Monday; one number per partner) as two SVG pictures of which the style sheet shows one.
/// Empty if there is nothing to draw. The caller gives the same numbers as a table.
pub fn readings(weeks: &[(Time, Vec<u32>)], partners: &[String]) -> String {
    let weeks = weeks.get(weeks.len().saturating_sub(WEEKS_LIMIT)..).unwrap_or_default();
    let partners = partners.get(..PARTNERS_LIMIT).unwrap_or(partners);
    if weeks.is_empty() || partners.is_empty() {
        return String::new();
    }
    let mut pictures = String::new();
    for palette in &PALETTES {
        // Writing into a string cannot fail; if the library finds another reason, the table still stands.
        if let Ok(svg) = draw(weeks, partners, palette)
            && let Some((_, body)) = svg.split_once('>')
        {
            pictures.push_str(&opening(weeks, partners, palette.class));
            pictures.push_str(body);
        }
    }
    pictures
}

/// The library's own opening tag says neither what the picture is nor that it may shrink.
fn opening(weeks: &[(Time, Vec<u32>)], partners: &[String], class: &str) -> String {
    let totals: Vec<String> = partners
        .iter()
        .enumerate()
        .map(|(at, partner)| {
            let all: u64 = weeks
                .iter()
                .filter_map(|(_, row)| row.get(at))
                .map(|n| u64::from(*n))
                .sum();
            format!("{partner}: {}", words::count(&all, "message", "messages"))
        })
        .collect();
    let mut summary = String::new();
    // Writing into a string cannot fail.
    let _ = Inert.write_escaped_str(&mut summary, &totals.join("; "));
    let height = height(partners.len());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart {class}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"{class}-title {class}-desc\"><title id=\"{class}-title\">Messages told per week, by partner</title>\
         <desc id=\"{class}-desc\">In {}: {summary}. The table below has every number.</desc>",
        words::count(&(weeks.len() as u64), "week", "weeks"),
    )
}

fn height(partners: usize) -> i32 {
    let rows = i32::try_from(partners).unwrap_or(i32::MAX);
    rows.saturating_mul(ROW).saturating_add(FOOT)
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;

fn draw(
    weeks: &[(Time, Vec<u32>)],
    partners: &[String],
    palette: &Palette,
) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
    let mut svg = String::new();
    {
        let size = (WIDTH.unsigned_abs(), height(partners.len()).unsigned_abs());
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let most = weeks
            .iter()
            .flat_map(|(_, row)| row.iter().take(partners.len()))
            .copied()
            .max()
            .unwrap_or(0);
        for (at, partner) in partners.iter().enumerate() {
            let numbers: Vec<u32> = weeks.iter().map(|(_, row)| row.get(at).copied().unwrap_or(0)).collect();
            let top = i32::try_from(at).unwrap_or(0).saturating_mul(ROW);
            draw_row(&area, top, partner, &numbers, most, palette)?;
        }
        draw_weeks(&area, height(partners.len()) - FOOT, weeks, palette)?;
        area.present()?;
    }
    Ok(svg)
}

fn draw_row<'a>(
    area: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    top: i32,
    partner: &str,
    numbers: &[u32],
    most: u32,
    palette: &Palette,
) -> Drawn<'a> {
    let mut name: String = tame(partner).chars().take(NAME_LIMIT).collect();
    if partner.chars().count() > NAME_LIMIT {
        name.push('…');
    }
    area.draw(&Text::new(name, (0, top + 18), text(14.0, palette.ink, HPos::Left)))?;
    let floor = top + ROW - 2;
    let room = ROW - HEAD - 18;
    let step = WIDTH / i32::try_from(numbers.len()).unwrap_or(1).max(1);
    let thick = (step * 7 / 10).clamp(2, 34);
    let peak = numbers.iter().copied().max().unwrap_or(0);
    let mut labelled = false;
    for (at, number) in numbers.iter().enumerate() {
        let left = i32::try_from(at).unwrap_or(0) * step + (step - thick) / 2;
        if *number == 0 {
            continue;
        }
        // In 64 bits: a share of `room`, and never so small that a bar cannot be seen.
        let share = (i64::from(*number) * i64::from(room) / i64::from(most.max(1))).max(2);
        let roof = floor - i32::try_from(share).unwrap_or(room);
        area.draw(&Rectangle::new(
            [(left, roof), (left + thick, floor)],
            palette.bar.filled(),
        ))?;
        // Where every bar has room for its number each has it; else the first of the highest.
        if step >= 30 || (*number == peak && !labelled) {
            labelled |= *number == peak;
            let middle = (left + thick / 2).clamp(14, WIDTH - 14);
            let label = words::number(&u64::from(*number));
            area.draw(&Text::new(
                label,
                (middle, roof - 8),
                text(12.0, palette.soft, HPos::Center),
            ))?;
        }
    }
    area.draw(&PathElement::new(
        [(0, floor), (WIDTH, floor)],
        palette.line.stroke_width(1),
    ))
}

fn draw_weeks<'a>(
    area: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    top: i32,
    weeks: &[(Time, Vec<u32>)],
    palette: &Palette,
) -> Drawn<'a> {
    let step = WIDTH / i32::try_from(weeks.len()).unwrap_or(1).max(1);
    // A label needs some 52 units: name every so many weeks, and always the newest.
    let every = usize::try_from(52 / step.max(1) + 1).unwrap_or(1);
    for (at, (monday, _)) in weeks.iter().enumerate() {
        if (weeks.len() - 1 - at).is_multiple_of(every) {
            let middle = (i32::try_from(at).unwrap_or(0) * step + step / 2).clamp(24, WIDTH - 24);
            area.draw(&Text::new(
                when::tick(monday),
                (middle, top + 14),
                text(12.0, palette.soft, HPos::Center),
            ))?;
        }
    }
    Ok(())
}

/// Text of so many units' height, in whatever plain font there is: its width is never measured.
fn text(size: f64, color: RGBColor, at: HPos) -> TextStyle<'static> {
    // The library divides by this on writing.
    ("sans-serif", size * 1.24)
        .into_font()
        .color(&color)
        .pos(Pos::new(at, VPos::Center))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_names_its_partners_and_peaks_and_stays_in_its_frame() {
        let monday: Time = "2026-11-23T00:00:00Z".parse().unwrap();
        for many in [1usize, 5, 26, 60] {
            let weeks: Vec<_> = (0..many)
                .map(|n| (monday.plus_days(7 * n as i64), vec![n as u32 * 1000, u32::MAX, 0]))
                .collect();
            let partners = ["Marquee <1>", "\u{202e}Reel", "Quiet"].map(str::to_owned);
            let svg = readings(&weeks, &partners);
            assert_eq!(svg.matches("<svg").count(), 2);
            assert_eq!(svg.matches("</svg>").count(), 2);
            assert!(svg.contains("Marquee &lt;1&gt;") && !svg.contains('\u{202e}') && !svg.contains("style="));
            assert!(svg.contains("4,294,967,295"));
            for number in svg.split(" x=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let x: i32 = number.parse().unwrap();
                assert!((0..=WIDTH).contains(&x), "{x}");
            }
            for number in svg.split(" y=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let y: i32 = number.parse().unwrap();
                assert!((0..=height(3)).contains(&y), "{y}");
            }
        }
        assert_eq!(readings(&[], &["a".to_owned()]), "");
    }
}
