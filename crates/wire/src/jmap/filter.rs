//! A tree of conditions (RFC 8620 section 5.5).

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// One condition, or an operator over several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Filter<C> {
    /// An inner node.
    Operator(FilterOperator<C>),
    /// A leaf.
    Condition(C),
}

/// An operator and what it applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "C: DeserializeOwned"))]
pub struct FilterOperator<C> {
    /// How.
    pub operator: Operator,
    /// To what.
    pub conditions: Vec<Filter<C>>,
}

/// How conditions combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operator {
    /// All match.
    And,
    /// At least one matches.
    Or,
    /// None matches.
    Not,
}

impl<C> Filter<C> {
    /// Whether the tree matches, given what each leaf does.
    pub fn matches(&self, leaf: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::Condition(condition) => leaf(condition),
            Self::Operator(FilterOperator { operator, conditions }) => match operator {
                Operator::And => conditions.iter().all(|c| c.matches(leaf)),
                Operator::Or => conditions.iter().any(|c| c.matches(leaf)),
                Operator::Not => !conditions.iter().any(|c| c.matches(leaf)),
            },
        }
    }

    /// The same tree with every leaf made into another.
    pub fn map<D>(self, leaf: &impl Fn(C) -> D) -> Filter<D> {
        match self {
            Self::Condition(condition) => Filter::Condition(leaf(condition)),
            Self::Operator(FilterOperator { operator, conditions }) => Filter::Operator(FilterOperator {
                operator,
                conditions: conditions.into_iter().map(|c| c.map(leaf)).collect(),
            }),
        }
    }

    /// Conditions and operators together.
    pub fn nodes(&self) -> usize {
        match self {
            Self::Condition(_) => 1,
            Self::Operator(inner) => 1 + inner.conditions.iter().map(Self::nodes).sum::<usize>(),
        }
    }

    /// The leaves, left to right.
    pub fn conditions(&self) -> Vec<&C> {
        match self {
            Self::Condition(condition) => vec![condition],
            Self::Operator(inner) => inner.conditions.iter().flat_map(Self::conditions).collect(),
        }
    }
}

/// An object with `operator` is an operator, any other a condition.
impl<'de, C: DeserializeOwned> Deserialize<'de> for Filter<C> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(d)?;
        let operator = members.contains_key("operator");
        let value = Value::Object(members);
        let filter = if operator {
            serde_json::from_value(value).map(Self::Operator)
        } else {
            serde_json::from_value(value).map(Self::Condition)
        };
        filter.map_err(D::Error::custom)
    }
}
