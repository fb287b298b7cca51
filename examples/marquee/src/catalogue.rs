//! The site's titles.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

const MAX_FILE: u64 = 8 << 20;
const MAX_TITLES: usize = 50_000;
const MAX_ID: usize = 128;
const MAX_TITLE: usize = 300;

/// One title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueTitle {
    /// The site's own id, 1 to 128 bytes: what the platform names it by.
    pub id: String,
    /// What people call it, 1 to 300 bytes.
    pub title: String,
    /// Year of release.
    pub year: Option<u16>,
    /// What else people call it.
    pub aliases: Vec<String>,
}

/// All titles, in the order of the file: the first dozen are the front row.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    titles: Vec<CatalogueTitle>,
    by_id: HashMap<String, usize>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    title: String,
    #[serde(default)]
    year: Option<u16>,
    #[serde(default)]
    aliases: Option<String>,
}

impl Catalogue {
    /// Reads a CSV with the header `id,title,year` or `id,title,year,aliases`; other columns are ignored. At most 8 MiB and
    /// 50,000 titles.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("the catalogue `{}`", path.display());
        let size = std::fs::metadata(path).with_context(named)?.len();
        if size > MAX_FILE {
            bail!("the catalogue `{}` has more than {MAX_FILE} bytes", path.display());
        }
        Self::read(&std::fs::read(path).with_context(named)?).with_context(named)
    }

    /// Reads the text of such a CSV.
    pub fn read(text: &[u8]) -> anyhow::Result<Self> {
        let mut catalogue = Self::default();
        for (number, row) in csv::Reader::from_reader(text).into_deserialize::<Row>().enumerate() {
            let row = row?;
            if number >= MAX_TITLES {
                bail!("more than {MAX_TITLES} titles");
            }
            // The header is line 1.
            let line = number + 2;
            if row.id.is_empty() || row.id.len() > MAX_ID {
                bail!("row {line}: the id is not 1 to {MAX_ID} bytes");
            }
            if row.title.trim().is_empty() || row.title.len() > MAX_TITLE {
                bail!("row {line}: the title is not 1 to {MAX_TITLE} bytes");
            }
            if catalogue.by_id.insert(row.id.clone(), catalogue.titles.len()).is_some() {
                bail!("row {line}: the id `{}` is there twice", row.id);
            }
            let aliases = row.aliases.unwrap_or_default();
            catalogue.titles.push(CatalogueTitle {
                id: row.id,
                title: row.title,
                year: row.year,
                aliases: aliases
                    .split('|')
                    .map(str::trim)
                    .filter(|a| !a.is_empty())
                    .map(str::to_owned)
                    .collect(),
            });
        }
        Ok(catalogue)
    }

    /// As the platform takes it: `id,title,year,aliases`.
    pub fn to_csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["id", "title", "year", "aliases"])?;
        for title in &self.titles {
            let year = title.year.map(|y| y.to_string()).unwrap_or_default();
            writer.write_record([&title.id, &title.title, &year, &title.aliases.join("|")])?;
        }
        writer.flush()?;
        Ok(writer.into_inner()?)
    }

    /// A title by its id.
    pub fn get(&self, id: &str) -> Option<&CatalogueTitle> {
        self.titles.get(*self.by_id.get(id)?)
    }

    /// The first titles of the file.
    pub fn front_row(&self) -> impl Iterator<Item = &CatalogueTitle> {
        self.titles.iter().take(12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_reads_and_writes() {
        let text = "id,title,year,aliases\n1,\"Crouching Tiger, Hidden Dragon\",2000,CTHD | Tiger\n2,Up,,\n";
        let catalogue = Catalogue::read(text.as_bytes()).unwrap();
        let first = catalogue.get("1").unwrap();
        assert_eq!(
            (first.year, first.aliases.as_slice()),
            (Some(2000), ["CTHD".to_owned(), "Tiger".to_owned()].as_slice())
        );
        assert_eq!(catalogue.get("2").unwrap().year, None);
        assert_eq!(
            String::from_utf8(catalogue.to_csv().unwrap()).unwrap(),
            "id,title,year,aliases\n1,\"Crouching Tiger, Hidden Dragon\",2000,CTHD|Tiger\n2,Up,,\n"
        );
        assert!(Catalogue::read(b"id,title,year\n1,Up,2009\n").is_ok());
    }

    #[test]
    fn a_bad_row_is_named() {
        let fault = |text: &str| Catalogue::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            fault("id,title,year\n1,Up,2009\n1,Down,\n"),
            "row 3: the id `1` is there twice"
        );
        assert_eq!(
            fault("id,title,year\n,Up,2009\n"),
            "row 2: the id is not 1 to 128 bytes"
        );
        assert_eq!(
            fault("id,title,year\n1, ,2009\n"),
            "row 2: the title is not 1 to 300 bytes"
        );
        assert!(fault("id,name\n1,Up\n").contains("title"));
        assert!(fault("id,title,year\n1,Up,soon\n").contains("line: 2"));
    }
}
