//! The spellings of a catalogue as a tree of words.

use crate::spelling::{Article, Form};
use crate::vocabulary::WordId;
use std::collections::HashMap;

/// A place in the tree: the words so far.
pub(crate) type Node = u32;

/// The tree's root: no words.
pub(crate) const ROOT: Node = 0;

/// A title that the words down to a node spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    /// Which title, by its place in the catalogue.
    pub title: u32,
    /// Its standing among namesakes: the lower is meant when nothing else tells.
    pub rank: u32,
    /// Its year of release; 0 if not known.
    pub year: u16,
    pub form: Form,
    pub article: Article,
}

/// The tree under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    edges: HashMap<(Node, WordId), Node>,
    nodes: Node,
    names: Vec<(Node, Name)>,
}

impl Builder {
    /// Adds one spelling of a title.
    pub(crate) fn add(&mut self, words: &[WordId], name: Name) {
        let mut node = ROOT;
        for word in words {
            node = match self.edges.get(&(node, *word)) {
                Some(next) => *next,
                None => {
                    self.nodes += 1;
                    self.edges.insert((node, *word), self.nodes);
                    self.nodes
                }
            };
        }
        self.names.push((node, name));
    }

    /// Packs the tree.
    pub(crate) fn finish(mut self) -> Trie {
        let mut edges: Vec<_> = self
            .edges
            .into_iter()
            .map(|((from, word), to)| (from, word, to))
            .collect();
        edges.sort_unstable();
        self.names.sort_by_key(|(node, name)| (*node, name.rank, name.title));
        let count = self.nodes as usize + 1;
        Trie {
            first_edge: starts(count, edges.iter().map(|(from, ..)| *from)),
            first_name: starts(count, self.names.iter().map(|(node, _)| *node)),
            edges: edges.into_iter().map(|(_, word, to)| (word, to)).collect(),
            names: self.names.into_iter().map(|(_, name)| name).collect(),
        }
    }
}

/// For each node where its entries start, and the end of the last.
fn starts(nodes: usize, sorted: impl Iterator<Item = Node>) -> Vec<u32> {
    let mut out = vec![0; nodes + 1];
    for node in sorted {
        if let Some(count) = out.get_mut(node as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut out {
        sum += *start;
        *start = sum;
    }
    out
}

/// The packed tree: a node's edges lie together, sorted by word.
#[derive(Debug)]
pub(crate) struct Trie {
    first_edge: Vec<u32>,
    edges: Vec<(WordId, Node)>,
    first_name: Vec<u32>,
    names: Vec<Name>,
}

impl Trie {
    /// The node that `word` leads to.
    pub(crate) fn next(&self, node: Node, word: WordId) -> Option<Node> {
        let edges = range(&self.first_edge, &self.edges, node);
        let at = edges.binary_search_by_key(&word, |(word, _)| *word).ok()?;
        edges.get(at).map(|(_, next)| *next)
    }

    /// The titles spelt by the words down to `node`, best standing first.
    pub(crate) fn names(&self, node: Node) -> &[Name] {
        range(&self.first_name, &self.names, node)
    }
}

fn range<'a, T>(starts: &[u32], all: &'a [T], node: Node) -> &'a [T] {
    let node = node as usize;
    match (starts.get(node), starts.get(node + 1)) {
        (Some(from), Some(to)) => all.get(*from as usize..*to as usize).unwrap_or_default(),
        _ => &[],
    }
}
