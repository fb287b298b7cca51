//! The fields of a posted form, repeated ones included.

use crate::problem::Failure;
use axum::Form;
use axum::extract::rejection::FormRejection;
use model::{ConversationId, Conversations, Field, FieldSet, Time};

/// A posted form.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// What was posted.
    pub fn new(form: Result<Form<Vec<(String, String)>>, FormRejection>) -> Result<Self, Failure> {
        match form {
            Ok(Form(pairs)) => Ok(Self(pairs)),
            Err(rejection) => Err(Failure::bad_request(rejection.body_text())),
        }
    }

    /// The first value of a name; empty if there is none.
    pub fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The chosen levels.
    pub fn levels(&self) -> FieldSet {
        let chosen: Vec<Field> = self
            .all("fields")
            .filter_map(|word| Field::ALL.into_iter().find(|f| f.name() == word))
            .collect();
        FieldSet::of(&chosen)
    }

    /// The chosen conversations.
    pub fn conversations(&self) -> Conversations {
        match self.get("conversations") {
            "all" => Conversations::All,
            _ => Conversations::Only(
                self.all("conversation")
                    .filter_map(|id| id.parse::<ConversationId>().ok())
                    .collect(),
            ),
        }
    }

    /// The chosen end.
    pub fn until(&self) -> Option<Time> {
        self.get("until").parse().ok()
    }
}
