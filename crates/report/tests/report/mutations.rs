//! Reports that were tampered with, one way each, and the fault that must come of it. `cargo xtask conformance report` runs
//! the same list through the command line.

use super::made::{counts, head, key};
use report::{File, Rule};
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read, Write};
use tlog::note::{self, SigningKey};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// What must be said.
pub struct Fault {
    pub rule: Rule,
    pub file: Option<File>,
    pub row: Option<u64>,
    pub column: Option<&'static str>,
}

pub struct Mutation {
    pub name: &'static str,
    pub zip: Vec<u8>,
    pub fault: Fault,
}

/// A report taken apart.
#[derive(Clone)]
struct Parts {
    readme: String,
    counts: Vec<u8>,
    descriptor: String,
    manifest: String,
}

impl Parts {
    fn good() -> Self {
        let zip = report::build(&counts(), &head(None), &key(1)).unwrap();
        let mut zip = ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut file = |name| {
            let mut bytes = Vec::new();
            zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        let mut text = |name| String::from_utf8(file(name)).unwrap();
        let (readme, descriptor, manifest) = (text("README.txt"), text("datapackage.json"), text("manifest.note"));
        Self {
            readme,
            counts: file("counts.csv"),
            descriptor,
            manifest: note::unverified_text(&manifest).unwrap(),
        }
    }

    /// The manifest with the present hashes.
    fn hashed(mut self) -> Self {
        let line = |name: &str, bytes: &[u8]| format!("{name} {} {:x}\n", bytes.len(), Sha256::digest(bytes));
        let head: String = self.manifest.lines().take(6).map(|l| format!("{l}\n")).collect();
        self.manifest = head
            + &line("README.txt", self.readme.as_bytes())
            + &line("counts.csv", &self.counts)
            + &line("datapackage.json", self.descriptor.as_bytes());
        self
    }

    /// The description with the table's present length and hash, so that only the rules for the table are broken.
    fn described(mut self) -> Self {
        let mut value: serde_json::Value = serde_json::from_str(&self.descriptor).unwrap();
        let resource = value.pointer_mut("/resources/0").unwrap();
        resource["bytes"] = self.counts.len().into();
        resource["hash"] = format!("sha256:{:x}", Sha256::digest(&self.counts)).into();
        self.descriptor = serde_json::to_string(&value).unwrap();
        self
    }

    fn signed_by(&self, key: &SigningKey) -> String {
        note::sign(&self.manifest, &[key]).unwrap()
    }

    fn entries(&self, note: &str) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("README.txt", self.readme.clone().into_bytes()),
            ("counts.csv", self.counts.clone()),
            ("datapackage.json", self.descriptor.clone().into_bytes()),
            ("manifest.note", note.as_bytes().to_vec()),
        ]
    }

    fn zip(&self) -> Vec<u8> {
        pack(&self.entries(&self.signed_by(&key(1))), CompressionMethod::Deflated)
    }

    /// With another table, everything else in order with it.
    fn table(counts: impl Into<Vec<u8>>) -> Vec<u8> {
        let good = Self::good();
        Self {
            counts: counts.into(),
            ..good
        }
        .described()
        .hashed()
        .zip()
    }

    /// With something replaced in the description.
    fn descriptor(pointer: &str, to: serde_json::Value) -> Vec<u8> {
        let mut parts = Self::good();
        let mut value: serde_json::Value = serde_json::from_str(&parts.descriptor).unwrap();
        *value.pointer_mut(pointer).unwrap() = to;
        parts.descriptor = serde_json::to_string(&value).unwrap();
        parts.hashed().zip()
    }

    /// With a line of the manifest replaced, signed as it then is.
    fn manifest_line(line: usize, to: &str) -> Vec<u8> {
        let mut parts = Self::good();
        let lines: Vec<&str> = parts.manifest.lines().collect();
        let replaced = lines.iter().enumerate().map(|(at, l)| if at == line { to } else { l });
        parts.manifest = replaced.filter(|l| !l.is_empty()).map(|l| format!("{l}\n")).collect();
        parts.zip()
    }
}

fn pack(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The rows of the good table, each without its line end; the header is the first.
fn rows() -> Vec<String> {
    let text = String::from_utf8(Parts::good().counts).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn joined(rows: &[String]) -> String {
    rows.iter().map(|row| format!("{row}\r\n")).collect()
}

/// With a cell replaced: rows from 1, columns from 0.
fn cell(row: usize, column: usize, to: &str) -> Vec<u8> {
    let mut rows = rows();
    let mut cells: Vec<&str> = rows[row - 1].split(',').collect();
    cells[column] = to;
    rows[row - 1] = cells.join(",");
    Parts::table(joined(&rows))
}

fn changed(change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let mut rows = rows();
    change(&mut rows);
    Parts::table(joined(&rows))
}

fn replaced(from: &[u8], to: &[u8], bytes: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    for at in found {
        bytes[at..at + from.len()].copy_from_slice(to);
    }
    bytes
}

/// All of them.
pub fn all() -> Vec<Mutation> {
    let mut all = Vec::new();
    zips(&mut all);
    manifests(&mut all);
    tables(&mut all);
    descriptors(&mut all);
    all
}

type List = Vec<Mutation>;

fn add(
    all: &mut List,
    name: &'static str,
    zip: Vec<u8>,
    rule: Rule,
    file: Option<File>,
    row: Option<u64>,
    column: Option<&'static str>,
) {
    let fault = Fault {
        rule,
        file,
        row,
        column,
    };
    all.push(Mutation { name, zip, fault });
}

fn zips(all: &mut List) {
    let good = Parts::good();
    let note = good.signed_by(&key(1));
    let zip = good.zip();
    let entries = good.entries(&note);
    let mut of_zip = |name, zip, rule| add(all, name, zip, rule, None, None, None);
    of_zip("an empty file", Vec::new(), Rule::ZipFormat);
    of_zip("something else", b"date,interface\r\n".to_vec(), Rule::ZipFormat);
    of_zip("cut in half", zip[..zip.len() / 2].to_vec(), Rule::ZipFormat);
    of_zip("too large", vec![0; report::ZIP_LIMIT + 1], Rule::ZipSize);
    of_zip(
        "bytes before the zip",
        [b"GIF89a".to_vec(), zip.clone()].concat(),
        Rule::ZipSurplus,
    );
    of_zip("bytes after the zip", [zip.clone(), vec![0]].concat(), Rule::ZipSurplus);
    of_zip(
        "a zip after the zip",
        [zip.clone(), zip.clone()].concat(),
        Rule::ZipSurplus,
    );
    let mut comment = zip.clone();
    let length = comment.len();
    comment[length - 2] = 2;
    comment.extend(b"hi");
    of_zip("a comment", comment, Rule::ZipSurplus);
    let with = |name, bytes: &[u8]| {
        let mut entries = entries.clone();
        entries.push((name, bytes.to_vec()));
        pack(&entries, CompressionMethod::Deflated)
    };
    of_zip("a fifth file", with("notes.txt", b"x"), Rule::ZipFiles);
    of_zip("a path that leads out", with("../counts.csv", b"x"), Rule::ZipFiles);
    of_zip("a folder", with("more/", b""), Rule::ZipFiles);
    let twice = replaced(b"counts.cs_", b"counts.csv", &with("counts.cs_", b"x"));
    of_zip("a file twice", twice, Rule::ZipFiles);
    // The entry and the list of entries call it by two names.
    let at = (0..zip.len()).find(|at| zip[*at..].starts_with(b"counts.csv")).unwrap();
    let mut two_names = zip.clone();
    two_names[at..at + 10].copy_from_slice(b"counts.bak");
    of_zip("an entry under two names", two_names, Rule::ZipEntry);

    let capitals = replaced(b"counts.csv", b"COUNTS.CSV", &zip);
    add(
        all,
        "a name in capitals",
        capitals,
        Rule::ZipFiles,
        Some(File::Counts),
        None,
        None,
    );
    for (name, file) in [
        ("no table", File::Counts),
        ("no description", File::Descriptor),
        ("no manifest", File::Manifest),
        ("no text for readers", File::Readme),
    ] {
        let left: Vec<_> = entries.iter().filter(|(n, _)| *n != file.name()).cloned().collect();
        let zip = pack(&left, CompressionMethod::Deflated);
        add(all, name, zip, Rule::ZipFiles, Some(file), None, None);
    }
    let mut bomb = entries.clone();
    bomb[1].1 = vec![b'0'; 33 << 20];
    let bomb = pack(&bomb, CompressionMethod::Deflated);
    add(all, "a bomb", bomb, Rule::FileSize, Some(File::Counts), None, None);
    // Bit 0 of the flags, in the list of entries and in the entry.
    let mut locked = zip.clone();
    let list = (0..zip.len())
        .rfind(|at| zip[*at..].starts_with(b"PK\x01\x02"))
        .unwrap();
    let entry = (0..zip.len())
        .rfind(|at| zip[*at..].starts_with(b"PK\x03\x04"))
        .unwrap();
    locked[list + 8] |= 1;
    locked[entry + 6] |= 1;
    add(all, "a locked entry", locked, Rule::ZipFormat, None, None, None);
    let mut broken = pack(&entries, CompressionMethod::Stored);
    let at = (0..broken.len())
        .find(|at| broken[*at..].starts_with(b"2027-11-15,tv"))
        .unwrap();
    broken[at] = b'3';
    add(
        all,
        "a checksum that is not",
        broken,
        Rule::ZipFormat,
        Some(File::Counts),
        None,
        None,
    );
}

fn manifests(all: &mut List) {
    let good = Parts::good();
    let file = Some(File::Manifest);
    let with_note = |note: &str| pack(&good.entries(note), CompressionMethod::Deflated);
    let note = good.signed_by(&key(1));
    let mut of_note = |name, zip, rule, row, column| add(all, name, zip, rule, file, row, column);
    of_note("no signature", with_note(&good.manifest), Rule::NoteFormat, None, None);
    of_note(
        "another's signature",
        with_note(&good.signed_by(&key(2))),
        Rule::NoteSignature,
        None,
        None,
    );
    let changed = note.replacen("revision 1", "revision 2", 1);
    of_note(
        "signed, then changed",
        with_note(&changed),
        Rule::NoteSignature,
        None,
        None,
    );
    of_note("an empty note", with_note(""), Rule::NoteFormat, None, None);
    let line = Parts::manifest_line;
    of_note(
        "another format",
        line(0, "privity report v2"),
        Rule::ManifestForm,
        Some(1),
        None,
    );
    of_note(
        "another agreement",
        line(1, "agreement books@1"),
        Rule::Agreement,
        Some(2),
        Some("agreement"),
    );
    of_note(
        "another version",
        line(1, "agreement films@2"),
        Rule::Agreement,
        Some(2),
        Some("agreement"),
    );
    of_note(
        "another period",
        line(2, "period 3 2027-11-15 2027-11-28"),
        Rule::Period,
        Some(3),
        Some("period"),
    );
    of_note(
        "thirteen days",
        line(2, "period 2 2027-11-15 2027-11-27"),
        Rule::Period,
        Some(3),
        Some("period"),
    );
    of_note(
        "another mode",
        line(3, "mode private"),
        Rule::Mode,
        Some(4),
        Some("mode"),
    );
    of_note(
        "a revision too far",
        line(4, "revision 2"),
        Rule::Revision,
        Some(5),
        Some("revision"),
    );
    let previous = format!("previous {}", "0".repeat(64));
    of_note(
        "a revision of nothing",
        line(5, &previous),
        Rule::Previous,
        Some(6),
        Some("previous"),
    );
    of_note("a line less", line(8, ""), Rule::ManifestForm, Some(9), None);
    let mut more = good.clone();
    more.manifest += "and more\n";
    of_note("a line more", more.zip(), Rule::ManifestForm, None, None);
    for (name, at, file) in [
        ("a changed text for readers", 6, File::Readme),
        ("a changed table", 7, File::Counts),
        ("a changed description", 8, File::Descriptor),
    ] {
        let mut parts = good.clone();
        match at {
            6 => parts.readme = parts.readme.replacen("Report", "report", 1),
            7 => parts.counts[200] ^= 1,
            _ => parts.descriptor = parts.descriptor.replacen("films", "filmz", 1),
        }
        add(all, name, parts.zip(), Rule::Hash, Some(file), None, None);
    }
    let mut longer = good.clone();
    longer.counts.extend(b"\r\n");
    add(
        all,
        "a longer table",
        longer.zip(),
        Rule::Length,
        Some(File::Counts),
        None,
        None,
    );
}

fn tables(all: &mut List) {
    let mut of = |name, zip, rule, row: u64, column: Option<&'static str>| {
        add(all, name, zip, rule, Some(File::Counts), Some(row), column);
    };
    let good = joined(&rows());
    of(
        "a byte order mark",
        Parts::table(format!("\u{feff}{good}")),
        Rule::Utf8,
        1,
        None,
    );
    let latin = [good.as_bytes(), b"\xe9\r\n"].concat();
    of("another encoding", Parts::table(latin), Rule::Utf8, 226, None);
    of(
        "line feeds alone",
        Parts::table(good.replace("\r\n", "\n")),
        Rule::LineEnd,
        1,
        None,
    );
    of(
        "no last line end",
        Parts::table(good.trim_end()),
        Rule::LineEnd,
        225,
        None,
    );
    of(
        "an empty row",
        changed(|rows| rows.insert(4, String::new())),
        Rule::CellCount,
        5,
        None,
    );
    of(
        "an empty row at the end",
        changed(|rows| rows.push(String::new())),
        Rule::CellCount,
        226,
        None,
    );
    of("no rows", Parts::table(""), Rule::LineEnd, 1, None);

    of("a renamed column", cell(1, 5, "sent"), Rule::Header, 1, Some("sends"));
    of(
        "columns in another order",
        changed(|r| r[0] = r[0].replace("variant,recipient_kind", "recipient_kind,variant")),
        Rule::Header,
        1,
        Some("variant"),
    );
    of(
        "a column less",
        changed(|r| r[0] = r[0].replace(",unique_clickers", "")),
        Rule::Header,
        1,
        Some("unique_clickers"),
    );
    of(
        "a column more",
        changed(|r| r[0] += ",extra"),
        Rule::Header,
        1,
        Some("extra"),
    );
    of("no header", changed(|r| _ = r.remove(0)), Rule::Header, 1, Some("date"));

    of(
        "a cell less",
        changed(|r| r[9] = r[9].rsplit_once(',').unwrap().0.to_owned()),
        Rule::CellCount,
        10,
        Some("unique_clickers"),
    );
    of(
        "a cell more",
        changed(|r| r[9] += ",1"),
        Rule::CellCount,
        10,
        Some("unique_clickers"),
    );
    of(
        "an empty cell",
        cell(11, 6, ""),
        Rule::EmptyCell,
        11,
        Some("unique_senders"),
    );
    of(
        "a formula",
        cell(12, 1, "=HYPERLINK(1)"),
        Rule::Formula,
        12,
        Some("interface"),
    );
    of(
        "a formula with plus",
        cell(12, 3, "+a"),
        Rule::Formula,
        12,
        Some("variant"),
    );
    of(
        "a formula with at",
        cell(12, 2, "@search"),
        Rule::Formula,
        12,
        Some("initiation_surface"),
    );
    of("a negative number", cell(12, 5, "-5"), Rule::Formula, 12, Some("sends"));
    of(
        "a formula in quotes",
        cell(12, 1, "\"=1+1\""),
        Rule::Formula,
        12,
        Some("interface"),
    );
    of(
        "a date that is none",
        cell(13, 0, "2027-11-31"),
        Rule::Date,
        13,
        Some("date"),
    );
    of(
        "a date in another form",
        cell(13, 0, "15.11.2027"),
        Rule::Date,
        13,
        Some("date"),
    );
    of(
        "a day before",
        cell(2, 0, "2027-11-14"),
        Rule::DateRange,
        2,
        Some("date"),
    );
    of(
        "a day after",
        cell(225, 0, "2027-11-29"),
        Rule::DateRange,
        225,
        Some("date"),
    );
    of(
        "an unknown interface",
        cell(14, 1, "fridge"),
        Rule::Name,
        14,
        Some("interface"),
    );
    of(
        "an unknown surface",
        cell(14, 2, "browse"),
        Rule::Name,
        14,
        Some("initiation_surface"),
    );
    of("an unknown variant", cell(14, 3, "c"), Rule::Name, 14, Some("variant"));
    of(
        "an unknown kind",
        cell(14, 4, "friend"),
        Rule::Name,
        14,
        Some("recipient_kind"),
    );
    of(
        "a name in capitals",
        cell(14, 1, "TV"),
        Rule::Name,
        14,
        Some("interface"),
    );
    of(
        "a name with a space",
        cell(14, 1, "tv "),
        Rule::Name,
        14,
        Some("interface"),
    );
    of("a fraction", cell(15, 5, "5.0"), Rule::Number, 15, Some("sends"));
    of("an exponent", cell(15, 7, "1e3"), Rule::Number, 15, Some("clicks"));
    of("a leading zero", cell(15, 5, "0299"), Rule::Number, 15, Some("sends"));
    of(
        "a number too large",
        cell(15, 5, "9007199254740992"),
        Rule::Number,
        15,
        Some("sends"),
    );
    of(
        "digits of another script",
        cell(15, 5, "\u{0663}"),
        Rule::Number,
        15,
        Some("sends"),
    );
    of(
        "no number",
        cell(15, 8, "many"),
        Rule::Number,
        15,
        Some("unique_clickers"),
    );

    of(
        "more senders than sends",
        cell(16, 6, "9999"),
        Rule::Uniques,
        16,
        Some("unique_senders"),
    );
    of(
        "more clickers than clicks",
        cell(16, 8, "9999"),
        Rule::Uniques,
        16,
        Some("unique_clickers"),
    );
    of(
        "sends by nobody",
        cell(16, 6, "0"),
        Rule::NoPeople,
        16,
        Some("unique_senders"),
    );
    of(
        "clicks by nobody",
        cell(16, 8, "0"),
        Rule::NoPeople,
        16,
        Some("unique_clickers"),
    );

    of(
        "two rows swapped",
        changed(|r| r.swap(20, 21)),
        Rule::Order,
        22,
        Some("date"),
    );
    of(
        "in the order of the lists",
        changed(|r| r[1..].reverse()),
        Rule::Order,
        3,
        Some("date"),
    );
    of(
        "a row twice",
        changed(|r| r.insert(30, r[29].clone())),
        Rule::Duplicate,
        31,
        Some("date"),
    );
    of(
        "a row in another's place",
        changed(|r| r[40] = r[39].clone()),
        Rule::Duplicate,
        41,
        Some("date"),
    );
    of(
        "a row missing",
        changed(|r| _ = r.remove(50)),
        Rule::MissingRow,
        51,
        Some("date"),
    );
    of(
        "the last row missing",
        changed(|r| _ = r.pop()),
        Rule::MissingRow,
        225,
        Some("date"),
    );
    of(
        "a day missing",
        changed(|r| _ = r.drain(17..33)),
        Rule::MissingRow,
        18,
        Some("date"),
    );
    of(
        "only the header",
        changed(|r| r.truncate(1)),
        Rule::MissingRow,
        2,
        Some("date"),
    );
}

fn descriptors(all: &mut List) {
    let set = Parts::descriptor;
    let mut of = |name, zip, rule, column: Option<&'static str>| {
        add(all, name, zip, rule, Some(File::Descriptor), None, column);
    };
    let mut not_json = Parts::good();
    not_json.descriptor = "{".to_owned();
    of(
        "a description that is not JSON",
        not_json.hashed().zip(),
        Rule::Descriptor,
        None,
    );
    of(
        "other totals",
        set("/privity/totals/sends", 1.into()),
        Rule::Totals,
        Some("/privity/totals/sends"),
    );
    let clicks = "/privity/totals/unique_clickers";
    of("totals as text", set(clicks, "12".into()), Rule::Totals, Some(clicks));
    of(
        "another number of the period",
        set("/privity/period/number", 3.into()),
        Rule::Period,
        Some("/privity/period/number"),
    );
    of(
        "another last day",
        set("/privity/period/last", "2027-11-30".into()),
        Rule::Period,
        Some("/privity/period/last"),
    );
    of(
        "another agreement in the description",
        set("/privity/agreement", "books@1".into()),
        Rule::Agreement,
        Some("/privity/agreement"),
    );
    of(
        "another mode in the description",
        set("/privity/mode", "private".into()),
        Rule::Mode,
        Some("/privity/mode"),
    );
    of(
        "another revision in the description",
        set("/privity/revision", 2.into()),
        Rule::Revision,
        Some("/privity/revision"),
    );
    of(
        "another revision before",
        set("/privity/previous", "00".into()),
        Rule::Previous,
        Some("/privity/previous"),
    );
    of(
        "another length in the description",
        set("/resources/0/bytes", 1.into()),
        Rule::Descriptor,
        Some("/resources/0/bytes"),
    );
    of(
        "another hash in the description",
        set("/resources/0/hash", "sha256:00".into()),
        Rule::Descriptor,
        Some("/resources/0/hash"),
    );
    of(
        "a table elsewhere",
        set("/resources/0/path", "https://example.com/counts.csv".into()),
        Rule::Descriptor,
        Some("/resources/0/path"),
    );
    of(
        "another type of a column",
        set("/resources/0/schema/fields/5/type", "string".into()),
        Rule::Descriptor,
        Some("/resources/0/schema/fields/5/type"),
    );
    of(
        "another profile",
        set("/$schema", "https://example.com".into()),
        Rule::Descriptor,
        Some("/$schema"),
    );
    of(
        "no list of explanations",
        set("/privity/explanations", "none".into()),
        Rule::Explanation,
        Some("/privity/explanations"),
    );
    let reason = |text: &str| serde_json::json!([{ "place": {}, "measure": "sends", "reason": text }]);
    let at = Some("/privity/explanations/0/reason");
    of(
        "an explanation that is too long",
        set("/privity/explanations", reason(&"x".repeat(501))),
        Rule::Explanation,
        at,
    );
    of(
        "an explanation of two lines",
        set("/privity/explanations", reason("a\nb")),
        Rule::Explanation,
        at,
    );
    let unknown = serde_json::json!([{ "measure": "views", "reason": "x" }]);
    of(
        "an explanation of nothing",
        set("/privity/explanations", unknown),
        Rule::Explanation,
        Some("/privity/explanations/0"),
    );

    let mut readme = Parts::good();
    readme.readme = readme.readme.replacen("Revision 1", "Revision 9", 1);
    add(
        all,
        "a text for readers that says otherwise",
        readme.hashed().zip(),
        Rule::Readme,
        Some(File::Readme),
        None,
        None,
    );
}
