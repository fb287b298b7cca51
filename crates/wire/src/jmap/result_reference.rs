//! References to previous method results (RFC 8620 section 3.7).

use super::{MethodError, MethodErrorType, MethodResponse};
use crate::limits::MAX_POINTER;
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

/// The arguments of a call with every `#name` replaced by what it refers to.
///
/// `invalidArguments` if a member is there both plain and as a reference, or a reference has the wrong shape;
/// `invalidResultReference` if it points nowhere.
pub fn resolve_arguments(
    arguments: Map<String, Value>,
    previous: &[MethodResponse],
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
                (plain.to_owned(), resolve(&reference, previous)?)
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
pub fn resolve(reference: &ResultReference, previous: &[MethodResponse]) -> Result<Value, MethodError> {
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
    let document: Value = serde_json::from_str(answer.arguments.get()).map_err(|_| MethodError::server_fail())?;
    evaluate(&document, &tokens).ok_or_else(|| fail(format!("`{}` points nowhere", reference.path)))
}

/// The reference tokens of a JSON Pointer, unescaped; `None` if it is not one.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let mut parts = pointer.split('/');
    if parts.next() != Some("") {
        return None;
    }
    parts.map(unescape).collect()
}

/// `~1` is `/` and `~0` is `~`; `~` before anything else is an error (RFC 6901 section 3).
fn unescape(token: &str) -> Option<String> {
    let mut plain = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '~' => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

fn evaluate(value: &Value, tokens: &[String]) -> Option<Value> {
    let Some((token, rest)) = tokens.split_first() else {
        return Some(value.clone());
    };
    match value {
        Value::Object(members) => evaluate(members.get(token)?, rest),
        Value::Array(items) if token == "*" => {
            let mut mapped = Vec::new();
            for item in items {
                match evaluate(item, rest)? {
                    // One level is flattened, so that ids of ids are ids.
                    Value::Array(inner) => mapped.extend(inner),
                    one => mapped.push(one),
                }
            }
            Some(Value::Array(mapped))
        }
        Value::Array(items) => evaluate(items.get(index(token)?)?, rest),
        _ => None,
    }
}

/// An array index: digits without a leading zero. `-`, the element after the last, never exists in an answer.
fn index(token: &str) -> Option<usize> {
    let digits = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    (digits && (token == "0" || !token.starts_with('0'))).then(|| token.parse().ok())?
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
        match resolve(&reference, &[answer]) {
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
        let resolved = resolve_arguments(arguments.as_object().unwrap().clone(), &previous).unwrap();
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
            resolve(&reference("t0"), &previous).unwrap_err().kind,
            MethodErrorType::InvalidResultReference
        );
        assert_eq!(
            resolve(&reference("t1"), &previous).unwrap_err().kind,
            MethodErrorType::InvalidResultReference
        );
        assert!(resolve(&reference("t0"), &previous[1..]).is_ok());
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
            let error = resolve_arguments(arguments.as_object().unwrap().clone(), &previous).unwrap_err();
            assert_eq!(error.kind, MethodErrorType::InvalidArguments);
        }
    }
}
