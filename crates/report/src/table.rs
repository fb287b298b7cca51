//! `counts.csv`: RFC 4180, UTF-8, every cell of the domain in order, zeros included.

use crate::fault::quoted;
use crate::{Counts, Day, Domain, FAULTS_LIMIT, Fault, File, Key, Measure, Measures, Period, Rule};
use csv::{ByteRecord, ReaderBuilder, Terminator, WriterBuilder};

/// The header.
pub(crate) const COLUMNS: [&str; 9] = [
    "date",
    "interface",
    "initiation_surface",
    "variant",
    "recipient_kind",
    "sends",
    "unique_senders",
    "clicks",
    "unique_clickers",
];
/// Numbers stay exact in every reader that takes them for floating point (RFC 8259 section 6).
const NUMBER_LIMIT: u64 = (1 << 53) - 1;

pub(crate) fn write(counts: &Counts) -> Result<Vec<u8>, csv::Error> {
    let mut csv = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    csv.write_record(COLUMNS)?;
    for (key, measures) in counts.iter() {
        let date = counts.period().first.plus(i32::from(key.day)).to_string();
        csv.write_field(date)?;
        for name in counts.domain().names(&key) {
            csv.write_field(name)?;
        }
        csv.write_field(key.recipient_kind.as_str())?;
        for measure in Measure::ALL {
            csv.write_field(measures.get(measure).to_string())?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

/// Collects faults up to the limit.
struct Faults(Vec<Fault>);

impl Faults {
    fn push(&mut self, fault: Fault) {
        if self.0.len() < FAULTS_LIMIT {
            self.0.push(fault);
        }
    }

    fn full(&self) -> bool {
        self.0.len() >= FAULTS_LIMIT
    }

    fn none_or<T>(self, value: T) -> Result<T, Vec<Fault>> {
        match self.0.is_empty() {
            true => Ok(value),
            false => Err(self.0),
        }
    }
}

/// Reads the table and holds it to its schema, then to the rules among its rows.
pub(crate) fn read(bytes: &[u8], domain: &Domain, period: &Period) -> Result<Counts, Vec<Fault>> {
    text(bytes)?;
    let rows = schema(bytes, domain, period)?;
    complete(&rows, domain, period)?;
    let mut counts = Counts::new(domain.clone(), *period);
    for (_, key, measures) in rows {
        if let Some(cell) = counts.get_mut(&key) {
            *cell = measures;
        }
    }
    Ok(counts)
}

fn text(bytes: &[u8]) -> Result<(), Vec<Fault>> {
    let fault = |row, rule, said: &str| Err(vec![Fault::row(File::Counts, row, rule, said)]);
    let row_of = |at: usize| {
        let before = bytes.iter().take(at).filter(|b| **b == b'\n').count();
        u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return fault(1, Rule::Utf8, "it starts with a byte order mark");
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return fault(row_of(error.valid_up_to()), Rule::Utf8, "it is not UTF-8");
    }
    // No value of a report holds a line end, so each one ends a row.
    let (mut before, mut begins) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        let bare = match byte {
            b'\n' => before != b'\r',
            _ => before == b'\r',
        };
        if bare {
            return fault(row_of(at), Rule::LineEnd, "the line does not end with CR LF");
        }
        // The parser passes over empty lines.
        if *byte == b'\n' {
            if at == begins + 1 {
                return fault(row_of(begins), Rule::CellCount, "the row is empty");
            }
            begins = at + 1;
        }
        before = *byte;
    }
    match before {
        b'\n' => Ok(()),
        _ => fault(
            row_of(bytes.len()),
            Rule::LineEnd,
            "the last line does not end with CR LF",
        ),
    }
}

type Row = (u64, Key, Measures);

fn schema(bytes: &[u8], domain: &Domain, period: &Period) -> Result<Vec<Row>, Vec<Fault>> {
    let mut csv = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut faults = Faults(Vec::new());
    let mut rows: Vec<Row> = Vec::with_capacity(domain.cells(period));
    // Twice the domain is more than enough to say what is wrong.
    let most = u64::try_from(domain.cells(period).saturating_mul(2).saturating_add(1)).unwrap_or(u64::MAX);
    let mut row = 0;
    while !faults.full() {
        let more = csv.read_byte_record(&mut record);
        row += 1;
        match more {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                faults.push(Fault::row(File::Counts, row, Rule::Csv, quoted(&error.to_string())));
                break;
            }
        }
        if row > most {
            let said = format!("it has more than {most} rows");
            faults.push(Fault::row(File::Counts, row, Rule::CellCount, said));
            break;
        }
        if row == 1 {
            header(&record, &mut faults);
            if !faults.0.is_empty() {
                break;
            }
        } else if let Some((key, measures)) = cells(row, &record, domain, period, &mut faults) {
            rows.push((row, key, measures));
        }
    }
    faults.none_or(rows)
}

fn header(record: &ByteRecord, faults: &mut Faults) {
    for (at, name) in COLUMNS.iter().enumerate() {
        let said = match record.get(at) {
            Some(found) if found == name.as_bytes() => continue,
            Some(found) => format!("the column is {}", quoted(&String::from_utf8_lossy(found))),
            None => "the column is missing".to_owned(),
        };
        return faults.push(Fault::row(File::Counts, 1, Rule::Header, said).column(*name));
    }
    if let Some(found) = record.get(COLUMNS.len()) {
        let said = "there is a column more";
        let column = quoted(&String::from_utf8_lossy(found));
        faults.push(Fault::row(File::Counts, 1, Rule::Header, said).column(column.trim_matches('`')));
    }
}

fn cells(
    row: u64,
    record: &ByteRecord,
    domain: &Domain,
    period: &Period,
    faults: &mut Faults,
) -> Option<(Key, Measures)> {
    let mut fault = |column: &str, rule, said: String| {
        faults.push(Fault::row(File::Counts, row, rule, said).column(column));
    };
    if record.len() != COLUMNS.len() {
        let said = format!("the row has {} cells, not {}", record.len(), COLUMNS.len());
        let column = COLUMNS.get(record.len()).copied().unwrap_or("unique_clickers");
        fault(column, Rule::CellCount, said);
        return None;
    }
    let mut texts = [""; COLUMNS.len()];
    for ((cell, name), text) in record.iter().zip(COLUMNS).zip(&mut texts) {
        *text = std::str::from_utf8(cell).unwrap_or_default();
        let rule = match text.chars().next() {
            None => Rule::EmptyCell,
            Some('=' | '+' | '-' | '@' | '\t') => Rule::Formula,
            Some(_) => continue,
        };
        let said = match rule {
            Rule::EmptyCell => "the cell is empty".to_owned(),
            _ => format!("a spreadsheet would take {} for a formula", quoted(text)),
        };
        fault(name, rule, said);
        return None;
    }
    let [date, interface, surface, variant, kind, numbers @ ..] = texts;
    let day = match date.parse::<Day>() {
        Ok(day) => day,
        Err(error) => {
            fault("date", Rule::Date, error.to_string());
            return None;
        }
    };
    let day = match u16::try_from(day.since(period.first)) {
        Ok(day) if day < period.days => day,
        _ => {
            let said = format!("{day} is not a day of period {period}");
            fault("date", Rule::DateRange, said);
            return None;
        }
    };
    let key = match domain.key(day, interface, surface, variant, kind) {
        Ok(key) => key,
        Err(column) => {
            let text = COLUMNS
                .iter()
                .zip(texts)
                .find(|(name, _)| **name == column)
                .map_or("", |(_, text)| text);
            fault(
                column,
                Rule::Name,
                format!("{} is not in the agreement's list", quoted(text)),
            );
            return None;
        }
    };
    let mut measures = Measures::default();
    for (measure, text) in Measure::ALL.into_iter().zip(numbers) {
        match number(text) {
            Some(number) => *measures.get_mut(measure) = number,
            None => {
                let said = format!(
                    "{} is not a whole number from 0 to {NUMBER_LIMIT}, in plain digits",
                    quoted(text)
                );
                fault(measure.as_str(), Rule::Number, said);
                return None;
            }
        }
    }
    for (people, acts) in [
        (Measure::UniqueSenders, Measure::Sends),
        (Measure::UniqueClickers, Measure::Clicks),
    ] {
        let (who, what) = (measures.get(people), measures.get(acts));
        if who > what {
            fault(
                people.as_str(),
                Rule::Uniques,
                format!("{who} people cannot make {what} {acts}"),
            );
            return None;
        }
        if who == 0 && what > 0 {
            fault(
                people.as_str(),
                Rule::NoPeople,
                format!("somebody made the {what} {acts}"),
            );
            return None;
        }
    }
    Some((key, measures))
}

/// One text per number: no sign, no leading zero.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| plain && *number <= NUMBER_LIMIT)
}

fn complete(rows: &[Row], domain: &Domain, period: &Period) -> Result<(), Vec<Fault>> {
    let mut faults = Faults(Vec::new());
    let said = |key: &Key| domain.place(period, key).to_string();
    let mut first_of = std::collections::HashMap::with_capacity(rows.len());
    for (row, key, _) in rows {
        match first_of.entry(*key) {
            std::collections::hash_map::Entry::Occupied(first) => {
                let said = format!("{} is in row {} already", said(key), first.get());
                faults.push(Fault::row(File::Counts, *row, Rule::Duplicate, said).column("date"));
            }
            std::collections::hash_map::Entry::Vacant(first) => _ = first.insert(*row),
        }
    }
    if faults.0.is_empty() {
        let later = rows
            .iter()
            .skip(1)
            .zip(rows)
            .filter(|((_, key, _), (_, before, _))| key < before);
        for ((row, key, _), (_, before, _)) in later {
            let said = format!("{} stands after {}", said(key), said(before));
            faults.push(Fault::row(File::Counts, *row, Rule::Order, said).column("date"));
        }
    }
    if faults.0.is_empty() {
        // In order and without duplicates: a row that is missing is missed where it should stand.
        let mut rows = rows.iter().peekable();
        let mut at = 2;
        for key in domain.keys(period) {
            match rows.peek() {
                Some((row, found, _)) if *found == key => {
                    at = row.saturating_add(1);
                    rows.next();
                }
                _ if faults.full() => break,
                _ => faults.push(
                    Fault::row(File::Counts, at, Rule::MissingRow, format!("{} is missing", said(&key))).column("date"),
                ),
            }
        }
    }
    faults.none_or(())
}
