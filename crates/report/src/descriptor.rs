//! `datapackage.json`: what the table is, as a Data Package (version 2.0 of the standard, <https://datapackage.org>).

use crate::fault::quoted;
use crate::manifest::MODE;
use crate::table::COLUMNS;
use crate::{Counts, Explanation, Fault, File, Measure, REASON_LIMIT, RecipientKind, Rule};
use model::AgreementRef;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Explanations of one report at most.
const EXPLANATIONS_LIMIT: usize = 1_000;

/// What is said besides the numbers.
pub(crate) struct Said<'a> {
    pub agreement: &'a AgreementRef,
    pub revision: u32,
    pub previous: Option<tlog::Hash>,
    pub explanations: &'a [Explanation],
}

pub(crate) fn write(said: &Said<'_>, counts: &Counts, table: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(&value(said, counts, table)?)?;
    text.push(b'\n');
    Ok(text)
}

fn value(said: &Said<'_>, counts: &Counts, table: &[u8]) -> serde_json::Result<Value> {
    let period = counts.period();
    let names = |names: &[String]| json!({ "required": true, "enum": names });
    let kinds = RecipientKind::ALL.map(RecipientKind::as_str);
    let mut fields = vec![
        json!({ "name": "date", "type": "date",
            "constraints": { "required": true, "minimum": period.first, "maximum": period.last() } }),
        json!({ "name": "interface", "type": "string", "constraints": names(counts.domain().interfaces()) }),
        json!({ "name": "initiation_surface", "type": "string", "constraints": names(counts.domain().surfaces()) }),
        json!({ "name": "variant", "type": "string", "constraints": names(counts.domain().variants()) }),
        json!({ "name": "recipient_kind", "type": "string", "constraints": { "required": true, "enum": kinds } }),
    ];
    for measure in Measure::ALL {
        fields.push(json!({ "name": measure.as_str(), "type": "integer",
            "constraints": { "required": true, "minimum": 0 } }));
    }
    let keys: Vec<&str> = COLUMNS.into_iter().take(5).collect();
    Ok(json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": format!("report-{}-{}-{}-{}", said.agreement.id, said.agreement.version, period.number, said.revision),
        "version": format!("{}.0.0", said.revision),
        "resources": [{
            "name": "counts",
            "type": "table",
            "path": File::Counts.name(),
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": table.len(),
            "hash": format!("sha256:{}", hex::encode(Sha256::digest(table))),
            "dialect": { "delimiter": ",", "lineTerminator": "\r\n" },
            "schema": { "fields": fields, "primaryKey": keys },
        }],
        "privity": {
            "agreement": said.agreement,
            "period": { "number": period.number, "first": period.first, "last": period.last() },
            "mode": MODE,
            "revision": said.revision,
            "previous": said.previous.map(hex::encode),
            "totals": counts.totals(),
            "explanations": serde_json::to_value(said.explanations)?,
        },
    }))
}

/// Reads the explanations, and holds all the rest to what the table and the filing say.
pub(crate) fn check(
    bytes: &[u8],
    counts: &Counts,
    table: &[u8],
    agreement: &AgreementRef,
    revision: u32,
    previous: Option<tlog::Hash>,
) -> Result<Vec<Explanation>, Vec<Fault>> {
    let fault = |rule, said: String| vec![Fault::file(File::Descriptor, rule, said)];
    let found: Value =
        serde_json::from_slice(bytes).map_err(|e| fault(Rule::Descriptor, quoted(&format!("it is not JSON: {e}"))))?;
    let explanations = explanations(&found)?;
    let said = Said {
        agreement,
        revision,
        previous,
        explanations: &explanations,
    };
    let right = value(&said, counts, table).map_err(|e| fault(Rule::Descriptor, quoted(&e.to_string())))?;
    match first_difference(&found, &right, &mut String::new()) {
        None => Ok(explanations),
        Some((pointer, said)) => {
            let rule = match pointer
                .strip_prefix("/privity/")
                .and_then(|rest| rest.split('/').next())
            {
                Some("totals") => Rule::Totals,
                Some("period") => Rule::Period,
                Some("mode") => Rule::Mode,
                Some("agreement") => Rule::Agreement,
                Some("revision") => Rule::Revision,
                Some("previous") => Rule::Previous,
                _ => Rule::Descriptor,
            };
            Err(vec![Fault::file(File::Descriptor, rule, said).column(pointer)])
        }
    }
}

fn explanations(found: &Value) -> Result<Vec<Explanation>, Vec<Fault>> {
    const AT: &str = "/privity/explanations";
    let fault = |at: String, said: String| vec![Fault::file(File::Descriptor, Rule::Explanation, said).column(at)];
    let Some(list) = found.pointer(AT).and_then(Value::as_array) else {
        return Err(fault(AT.to_owned(), "it is not a list".to_owned()));
    };
    if list.len() > EXPLANATIONS_LIMIT {
        return Err(fault(
            AT.to_owned(),
            format!("it has more than {EXPLANATIONS_LIMIT} explanations"),
        ));
    }
    let mut read = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let at = format!("{AT}/{at}");
        let explanation: Explanation =
            serde_json::from_value(value.clone()).map_err(|e| fault(at.clone(), quoted(&e.to_string())))?;
        if let Err(said) = explanation.check() {
            return Err(fault(at + "/reason", said.to_string()));
        }
        read.push(explanation);
    }
    Ok(read)
}

/// The first place where they are not the same, as a JSON pointer, and what is there.
fn first_difference(found: &Value, right: &Value, at: &mut String) -> Option<(String, String)> {
    let short = |value: &Value| quoted(&value.to_string());
    let under = |at: &mut String, name: &str, found: Option<&Value>, right: Option<&Value>| {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let difference = match (found, right) {
            (Some(found), Some(right)) => first_difference(found, right, at),
            (None, Some(_)) => Some((at.clone(), "it is missing".to_owned())),
            (Some(_), None) => Some((at.clone(), "it does not belong here".to_owned())),
            (None, None) => None,
        };
        at.truncate(length);
        difference
    };
    match (found, right) {
        (Value::Object(has), Value::Object(wants)) => {
            let extra = has.keys().filter(|name| !wants.contains_key(*name));
            wants
                .keys()
                .chain(extra)
                .find_map(|name| under(at, name, has.get(name), wants.get(name)))
        }
        (Value::Array(has), Value::Array(wants)) => (0..has.len().max(wants.len()))
            .find_map(|index| under(at, &index.to_string(), has.get(index), wants.get(index))),
        _ if found == right => None,
        _ => Some((at.clone(), format!("it is {}, not {}", short(found), short(right)))),
    }
}

impl Explanation {
    /// Whether the reason is a line of text within the limit.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let reason = &self.reason;
        match reason.trim().is_empty() || reason.chars().count() > REASON_LIMIT || reason.contains(char::is_control) {
            true => Err("a reason is one line of 1 to 500 characters"),
            false => Ok(()),
        }
    }
}
