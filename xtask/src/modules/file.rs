//! The paths that one source file names.

use super::tokens::{Token, tokens};
use std::collections::HashSet;

/// A path in the code, such as `crate::graph::Graph` or `child::Item`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The module from which the path leads on; the root of the crate for `crate::...`.
    pub(super) base: Vec<String>,
    /// The names from there, without `crate`, `self` and `super`.
    pub(super) names: Vec<String>,
    /// Whether the first name may also be another crate, a type or a local name.
    pub(super) relative: bool,
    /// The line.
    pub(super) line: usize,
}

/// What a file names outside its tests.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The paths of imports and of the code.
    pub(super) paths: Vec<Path>,
    /// The modules that are compiled for tests only.
    pub(super) tests: HashSet<String>,
}

impl File {
    /// Reads the file of a module.
    pub(super) fn parse(source: &str, module: &[String]) -> Self {
        let mut parser = Parser {
            tokens: tokens(source),
            at: 0,
            depth: 0,
            module: module.to_vec(),
            inner: Vec::new(),
            file: Self::default(),
        };
        while parser.at < parser.tokens.len() {
            parser.step();
        }
        parser.file
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// Open braces.
    depth: usize,
    /// The module at hand: that of the file and those in braces.
    module: Vec<String>,
    /// The depths of those in braces.
    inner: Vec<usize>,
    file: File,
}

impl<'a> Parser<'a> {
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    /// Reads what stands at the place, and goes behind it.
    fn step(&mut self) {
        let at = self.at;
        self.at += 1;
        match self.text(at) {
            "#" if matches!(self.text(self.at), "[" | "!") => self.attribute(),
            "mod" if self.text(at + 2) == "{" => {
                self.module.push(self.text(at + 1).to_owned());
                self.depth += 1;
                self.inner.push(self.depth);
                self.at = at + 3;
            }
            "use" => self.import(&[]),
            "{" => self.depth += 1,
            "}" => {
                if self.inner.last() == Some(&self.depth) {
                    self.inner.pop();
                    self.module.pop();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            name if is_name(name) && self.text(self.at) == "::" => self.path(at),
            _ => {}
        }
    }

    /// Goes behind an attribute, and behind its item if that is compiled for tests only.
    fn attribute(&mut self) {
        let (mut open, mut words) = (0, Vec::new());
        while self.at < self.tokens.len() {
            let text = self.text(self.at);
            self.at += 1;
            match text {
                "[" => open += 1,
                "]" if open == 1 => break,
                "]" => open -= 1,
                word => words.push(word),
            }
        }
        if words.first() == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not") {
            self.skip_item();
        }
    }

    /// Goes behind an item: to the end of its braces or its semicolon.
    fn skip_item(&mut self) {
        let mut open = 0;
        while self.at < self.tokens.len() {
            let text = self.text(self.at);
            if text == "mod" && open == 0 && self.text(self.at + 2) == ";" {
                self.file.tests.insert(self.text(self.at + 1).to_owned());
            }
            self.at += 1;
            match text {
                "{" | "(" | "[" => open += 1,
                "}" | ")" | "]" => open -= 1,
                _ => {}
            }
            if open == 0 && matches!(text, "}" | ";") {
                break;
            }
        }
    }

    /// Reads a tree of imports below some names, up to what ends it.
    fn import(&mut self, before: &[&'a str]) {
        let mut names = before.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        loop {
            match self.text(self.at) {
                "," | "}" | ";" | "" => break,
                "{" => {
                    while !matches!(self.text(self.at), "}" | ";" | "") {
                        self.at += 1;
                        self.import(&names);
                    }
                }
                name if is_name(name) && name != "as" => names.push(name),
                _ => {}
            }
            self.at += 1;
        }
        self.add(&names, line);
    }

    /// Reads a path in the code, from its first name.
    fn path(&mut self, at: usize) {
        let mut names = vec![self.text(at)];
        while self.text(self.at) == "::" && is_name(self.text(self.at + 1)) {
            names.push(self.text(self.at + 1));
            self.at += 2;
        }
        // `pub(in path)` is no use of the path, nor is `a` in `::a` and `$crate`.
        let before = if at > 0 { self.text(at - 1) } else { "" };
        if !matches!(before, "in" | "$" | "::") {
            self.add(&names, self.tokens[at].line);
        }
    }

    /// Adds the path of names from the module at hand, unless it leads above the root.
    fn add(&mut self, names: &[&str], line: usize) {
        let mut base = self.module.clone();
        let mut rest = names;
        while let [first, others @ ..] = rest {
            match *first {
                "crate" => base.clear(),
                "self" => {}
                "super" if base.pop().is_none() => return,
                "super" => {}
                _ => break,
            }
            rest = others;
        }
        let relative = rest.len() == names.len();
        let names = rest.iter().map(|name| (*name).to_owned()).collect();
        self.file.paths.push(Path { base, names, relative, line });
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
