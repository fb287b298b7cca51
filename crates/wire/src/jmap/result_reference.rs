//! References to previous method results (RFC 8620 section 3.7).

use super::pointer::{PointerFault, follow, tokens};
use super::{MethodError, MethodErrorType, MethodResponse};
use crate::limits::{MAX_POINTER, MAX_REFERRED, MAX_RESOLVED};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Points into the answer to an earlier call of the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResultReference {
    /// The id of the earlier call.
    pub result_of: String,
    /// The name its answer must have.
    pub name: String,
    /// A JSON Pointer (RFC 6901) into its arguments, in which `*` maps over an array.
    pub path: String,
}

/// What the references of one request may still cost. Each can multiply what another made, so that a small request could
/// ask for any amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// Bytes of earlier answers that may be looked through.
    read: usize,
    /// Bytes of memory for what is found.
    made: usize,
}

impl Default for References {
    fn default() -> Self {
        Self {
            read: MAX_REFERRED,
            made: MAX_RESOLVED,
        }
    }
}

/// The arguments of a call with every `#name` replaced by what it refers to.
///
/// `invalidArguments` if a member is there both plain and as a reference, or a reference has the wrong shape;
/// `invalidResultReference` if it points nowhere; `requestTooLarge` if it costs more than `allowed`.
pub fn resolve_arguments(
    arguments: Map<String, Value>,
    previous: &[MethodResponse],
    allowed: &mut References,
) -> Result<Map<String, Value>, MethodError> {
    if !arguments.keys().any(|name| name.starts_with('#')) {
        return Ok(arguments);
    }
    let mut resolved = Map::new();
    for (name, value) in arguments {
        let (name, value) = match name.strip_prefix('#') {
            None => (name, value),
            Some(plain) => {
                let reference: ResultReference = serde_json::from_value(value)
                    .map_err(|_| MethodError::invalid_arguments(format!("`{name}` is not a result reference")))?;
                (plain.to_owned(), resolve(&reference, previous, allowed)?)
            }
        };
        if resolved.contains_key(&name) {
            return Err(MethodError::invalid_arguments(format!(
                "`{name}` is there both plain and as a reference"
            )));
        }
        resolved.insert(name, value);
    }
    Ok(resolved)
}

/// What a reference refers to, in the three steps of the RFC: the first answer to that call; its name; the path.
pub fn resolve(
    reference: &ResultReference,
    previous: &[MethodResponse],
    allowed: &mut References,
) -> Result<Value, MethodError> {
    let fail = |what: String| MethodError::new(MethodErrorType::InvalidResultReference, what);
    let answer = previous
        .iter()
        .find(|r| r.call_id == reference.result_of)
        .ok_or_else(|| fail(format!("no earlier answer to `{}`", reference.result_of)))?;
    if answer.name != reference.name {
        return Err(fail(format!(
            "the answer to `{}` is not `{}`",
            reference.result_of, reference.name
        )));
    }
    if reference.path.len() > MAX_POINTER {
        return Err(fail(format!("`path` has more than {MAX_POINTER} bytes")));
    }
    let tokens = tokens(&reference.path).ok_or_else(|| fail(format!("`{}` is not a json pointer", reference.path)))?;
    let text = answer.arguments.get();
    let too_large = |limit| {
        let what = format!("the result references of a request come to more than {limit} bytes");
        MethodError::new(MethodErrorType::RequestTooLarge, what)
    };
    allowed.read = allowed
        .read
        .checked_sub(text.len())
        .ok_or_else(|| too_large(MAX_REFERRED))?;
    follow(text, &tokens, &mut allowed.made).map_err(|fault| match fault {
        PointerFault::Nowhere => fail(format!("`{}` points nowhere", reference.path)),
        PointerFault::TooLarge => too_large(MAX_RESOLVED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(document: &Value, path: &str) -> Option<Value> {
        let answer = MethodResponse::new("Foo/get", document, "t0");
        let reference = ResultReference {
            result_of: "t0".into(),
            name: "Foo/get".into(),
            path: path.into(),
        };
        match resolve(&reference, &[answer], &mut References::default()) {
            Ok(value) => Some(value),
            Err(error) => {
                assert_eq!(error.kind, MethodErrorType::InvalidResultReference);
                None
            }
        }
    }

    #[test]
    fn every_pointer_of_rfc_6901_section_5() {
        let document = json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
        });
        assert_eq!(at(&document, ""), Some(document.clone()));
        assert_eq!(at(&document, "/foo"), Some(json!(["bar", "baz"])));
        assert_eq!(at(&document, "/foo/0"), Some(json!("bar")));
        for (path, value) in [
            ("/", 0),
            ("/a~1b", 1),
            ("/c%d", 2),
            ("/e^f", 3),
            ("/g|h", 4),
            ("/i\\j", 5),
            ("/k\"l", 6),
            ("/ ", 7),
            ("/m~0n", 8),
        ] {
            assert_eq!(at(&document, path), Some(json!(value)), "{path}");
        }
    }

    #[test]
    fn what_points_nowhere_or_is_no_pointer() {
        let document = json!({"foo": ["bar", "baz"], "~": 1, "~2": 2, "s": "text", "01": 3});
        for path in [
            "foo",
            "/bar",
            "/foo/2",
            "/foo/-",
            "/foo/00",
            "/foo/01",
            "/foo/+1",
            "/foo/1e0",
            "/foo/",
            "/~2",
            "/~",
            "/s/0",
            "/foo/0/0",
            "/foo/99999999999999999999",
            "/*",
            "/s/*",
        ] {
            assert_eq!(at(&document, path), None, "{path}");
        }
        assert_eq!(at(&document, "/~0"), Some(json!(1)));
        assert_eq!(at(&document, "/~02"), Some(json!(2)));
        assert_eq!(at(&document, "/01"), Some(json!(3)));
        assert_eq!(at(&document, &format!("/{}", "a".repeat(256))), None);
    }

    #[test]
    fn a_star_maps_over_an_array_and_flattens_one_level() {
        let document = json!({
            "list": [{"id": "a", "emailIds": ["1", "2"]}, {"id": "b", "emailIds": ["3"]}, {"id": "c", "emailIds": []}],
            "*": {"x": 1},
            "deep": [[["1"], ["2"]], [["3"]]],
            "mixed": [{"id": 1}, {}]
        });
        assert_eq!(at(&document, "/list/*/id"), Some(json!(["a", "b", "c"])));
        assert_eq!(at(&document, "/list/*/emailIds"), Some(json!(["1", "2", "3"])));
        assert_eq!(at(&document, "/list/*/emailIds/*"), Some(json!(["1", "2", "3"])));
        assert_eq!(at(&document, "/list/*/emailIds/0"), None);
        assert_eq!(
            at(&document, "/*/x"),
            Some(json!(1)),
            "`*` is a plain name in an object"
        );
        assert_eq!(at(&document, "/deep/*"), Some(json!([["1"], ["2"], ["3"]])));
        assert_eq!(at(&document, "/deep/*/*"), Some(json!(["1", "2", "3"])));
        assert_eq!(
            at(&document, "/mixed/*/id"),
            None,
            "one element without the member fails the whole"
        );
        assert_eq!(at(&json!({"list": []}), "/list/*/id"), Some(json!([])));
    }

    /// The first example of RFC 8620 section 3.7: `Foo/changes`, then `Foo/get` of what was created.
    #[test]
    fn the_example_of_section_3_7() {
        let previous = [MethodResponse::new(
            "Foo/changes",
            &json!({"accountId": "A1", "oldState": "abcdef", "newState": "123456", "hasMoreChanges": false,
                    "created": ["f1", "f4"], "updated": [], "destroyed": []}),
            "t0",
        )];
        let arguments =
            json!({"accountId": "A1", "#ids": {"resultOf": "t0", "name": "Foo/changes", "path": "/created"}});
        let resolved = resolve_arguments(
            arguments.as_object().unwrap().clone(),
            &previous,
            &mut References::default(),
        )
        .unwrap();
        assert_eq!(Value::Object(resolved), json!({"accountId": "A1", "ids": ["f1", "f4"]}));
    }

    /// The second example: query, get `threadId`, get threads, get their e-mails.
    #[test]
    fn the_chain_of_section_3_7() {
        let previous = [
            MethodResponse::new("Email/query", &json!({"ids": ["msg1023", "msg223"]}), "t0"),
            MethodResponse::new(
                "Email/get",
                &json!({"list": [{"id": "msg1023", "threadId": "trd194"}, {"id": "msg223", "threadId": "trd114"}]}),
                "t1",
            ),
            MethodResponse::new(
                "Thread/get",
                &json!({"list": [{"id": "trd194", "emailIds": ["msg1020", "msg1021", "msg1023"]},
                                 {"id": "trd114", "emailIds": ["msg201", "msg223"]}]}),
                "t2",
            ),
        ];
        let get = |of: &str, name: &str, path: &str| {
            resolve(
                &ResultReference {
                    result_of: of.into(),
                    name: name.into(),
                    path: path.into(),
                },
                &previous,
                &mut References::default(),
            )
            .unwrap()
        };
        assert_eq!(get("t0", "Email/query", "/ids"), json!(["msg1023", "msg223"]));
        assert_eq!(get("t1", "Email/get", "/list/*/threadId"), json!(["trd194", "trd114"]));
        assert_eq!(
            get("t2", "Thread/get", "/list/*/emailIds"),
            json!(["msg1020", "msg1021", "msg1023", "msg201", "msg223"])
        );
    }

    #[test]
    fn the_first_answer_counts_and_its_name_must_match() {
        let previous = [
            MethodResponse::error(&MethodErrorType::Forbidden.into(), "t0"),
            MethodResponse::new("Foo/get", &json!({"list": []}), "t0"),
        ];
        let reference = |of: &str| ResultReference {
            result_of: of.into(),
            name: "Foo/get".into(),
            path: "/list".into(),
        };
        assert_eq!(
            resolve(&reference("t0"), &previous, &mut References::default())
                .unwrap_err()
                .kind,
            MethodErrorType::InvalidResultReference
        );
        assert_eq!(
            resolve(&reference("t1"), &previous, &mut References::default())
                .unwrap_err()
                .kind,
            MethodErrorType::InvalidResultReference
        );
        assert!(resolve(&reference("t0"), &previous[1..], &mut References::default()).is_ok());
    }

    #[test]
    fn plain_and_reference_together_or_a_malformed_one_are_invalid_arguments() {
        let previous = [MethodResponse::new("Foo/get", &json!({"list": []}), "t0")];
        let good = json!({"resultOf": "t0", "name": "Foo/get", "path": "/list"});
        for arguments in [
            json!({"ids": [], "#ids": good}),
            json!({"#ids": ["x"]}),
            json!({"#ids": {"resultOf": "t0"}}),
        ] {
            let error = resolve_arguments(
                arguments.as_object().unwrap().clone(),
                &previous,
                &mut References::default(),
            )
            .unwrap_err();
            assert_eq!(error.kind, MethodErrorType::InvalidArguments);
        }
    }

    /// A hundred references to an answer, a hundred to what that makes, and so on.
    #[test]
    fn references_to_references_do_not_grow_without_bound() {
        let echo = |arguments: &Map<String, Value>, id: &str| MethodResponse::new("Core/echo", arguments, id);
        let mut arguments = Map::from_iter([("a".to_owned(), json!("x".repeat(100_000)))]);
        let (mut answers, mut allowed) = (vec![echo(&arguments, "0")], References::default());
        let refused = (1..16).find_map(|round| {
            let reference = json!({"resultOf": (round - 1).to_string(), "name": "Core/echo", "path": ""});
            let many = (0..100).map(|n| (format!("#{n}"), reference.clone())).collect();
            match resolve_arguments(many, &answers, &mut allowed) {
                Ok(resolved) => {
                    arguments = resolved;
                    answers.push(echo(&arguments, &round.to_string()));
                    None
                }
                Err(error) => Some(error.kind),
            }
        });
        assert_eq!(refused, Some(MethodErrorType::RequestTooLarge));
        let made: usize = answers.iter().map(|a| a.arguments.get().len()).sum();
        assert!(made < 2 * MAX_RESOLVED, "{made}");
    }

    /// Each finds next to nothing, and looks through everything.
    #[test]
    fn many_references_into_a_large_answer_are_refused() {
        let rows: Vec<Value> = (0..50_000).map(|_| json!({"a": []})).collect();
        let previous = [MethodResponse::new("Core/echo", &json!({ "rows": rows }), "0")];
        let reference = json!({"resultOf": "0", "name": "Core/echo", "path": "/rows/*/a"});
        let many = (0..1_000).map(|n| (format!("#{n}"), reference.clone())).collect();
        let error = resolve_arguments(many, &previous, &mut References::default()).unwrap_err();
        assert_eq!(error.kind, MethodErrorType::RequestTooLarge);
    }
}
