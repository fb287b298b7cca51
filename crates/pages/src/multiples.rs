//! A report's sums as small multiples: for each name of a list one small picture, all of a list on one scale.

use crate::words;
use report::{Counts, Key};
use std::fmt::Write;

const WIDTH: u64 = 168;
const HEIGHT: u64 = 56;

/// One of an agreement's lists, or all of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// What the list is.
    pub title: &'static str,
    /// One for each of its names.
    pub panels: Vec<Panel>,
}

/// The sums of one name, day by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// The name.
    pub name: String,
    /// Recommendations sent on each day.
    pub sends: Vec<u64>,
    /// Clicks on each day.
    pub clicks: Vec<u64>,
}

/// The sums of a report: all of it, then by interface, surface, variant and kind of recipient. Cells are in none of them.
pub fn facets(counts: &Counts) -> Vec<Facet> {
    let domain = counts.domain();
    let kinds = report::RecipientKind::ALL.map(|kind| kind.as_str().to_owned());
    vec![
        facet("All", &["all".to_owned()], counts, &|_| 0),
        facet("Interface", domain.interfaces(), counts, &|key| key.interface),
        facet("Initiation surface", domain.surfaces(), counts, &|key| key.surface),
        facet("Variant", domain.variants(), counts, &|key| key.variant),
        facet("Kind of recipient", &kinds, counts, &|key| key.recipient_kind as usize),
    ]
}

fn facet(title: &'static str, names: &[String], counts: &Counts, place: &dyn Fn(&Key) -> usize) -> Facet {
    let days = usize::from(counts.period().days);
    let mut panels: Vec<Panel> = names
        .iter()
        .map(|name| Panel {
            name: name.clone(),
            sends: vec![0; days],
            clicks: vec![0; days],
        })
        .collect();
    for (key, cell) in counts.iter() {
        let Some(panel) = panels.get_mut(place(&key)) else {
            continue;
        };
        let day = usize::from(key.day);
        for (numbers, number) in [(&mut panel.sends, cell.sends), (&mut panel.clicks, cell.clicks)] {
            if let Some(sum) = numbers.get_mut(day) {
                *sum = sum.saturating_add(number);
            }
        }
    }
    Facet { title, panels }
}

impl Facet {
    /// The highest bar of all its pictures.
    fn most(&self) -> u64 {
        let all = self
            .panels
            .iter()
            .flat_map(|panel| panel.sends.iter().chain(&panel.clicks));
        all.copied().max().unwrap_or(0)
    }

    /// Each name with its picture and what it says.
    pub(crate) fn drawn(&self) -> Vec<(&str, String, String)> {
        let most = self.most();
        let drawn = self
            .panels
            .iter()
            .map(|panel| (panel.name.as_str(), panel.said(), panel.svg(most)));
        drawn.collect()
    }
}

impl Panel {
    fn said(&self) -> String {
        let sum = |numbers: &[u64]| numbers.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
        format!(
            "{} sent, {}",
            words::number(&sum(&self.sends)),
            words::count(&sum(&self.clicks), "click", "clicks")
        )
    }

    /// Bars of what was sent; before them, narrower, of what was clicked. Decoration: the table has every number.
    fn svg(&self, most: u64) -> String {
        let mut svg = format!("<svg class=\"multiple\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">");
        let step = WIDTH / u64::try_from(self.sends.len()).unwrap_or(1).max(1);
        let step = step.max(1);
        for (class, numbers, inset) in [("sent", &self.sends, step / 8), ("clicked", &self.clicks, step * 3 / 8)] {
            for (at, number) in (0u64..).zip(numbers.iter()) {
                if *number == 0 {
                    continue;
                }
                let share = u128::from(*number) * u128::from(HEIGHT) / u128::from(most.max(1));
                let tall = u64::try_from(share).unwrap_or(HEIGHT).clamp(1, HEIGHT);
                // Writing to a string does not fail.
                _ = write!(
                    svg,
                    "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{tall}\"/>",
                    at * step + inset,
                    HEIGHT - tall,
                    (step - 2 * inset).max(1),
                );
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(sends: Vec<u64>, clicks: Vec<u64>) -> Panel {
        Panel {
            name: "tv".into(),
            sends,
            clicks,
        }
    }

    #[test]
    fn pictures_of_a_list_have_one_scale_and_stay_in_their_frame() {
        for days in [1usize, 14, 92] {
            let facet = Facet {
                title: "Interface",
                panels: vec![
                    panel(vec![u64::MAX; days], vec![1; days]),
                    panel(vec![u64::MAX / 2; days], vec![0; days]),
                ],
            };
            let drawn = facet.drawn();
            assert!(drawn[0].2.contains("height=\"56\"") && drawn[1].2.contains("height=\"27\""));
            assert!(!drawn[1].2.contains("clicked"), "zeros are no bars");
            for (_, _, svg) in drawn {
                for part in svg.split("<rect").skip(1) {
                    let number = |name: &str| {
                        let rest = part.split(&format!("{name}=\"")).nth(1).unwrap();
                        rest.split('"').next().unwrap().parse::<u64>().unwrap()
                    };
                    assert!(number("x") + number("width") <= WIDTH && number("y") + number("height") <= HEIGHT);
                }
            }
        }
    }
}
