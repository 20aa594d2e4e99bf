//! The modules of a crate, each with its file, and what they import of one another.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::rust_source::{is_ident, is_punct, live, parse, string_value};
use super::tree::Tree;

/// Names from the crate's root; none for the root itself.
pub(super) type ModulePath = Vec<String>;

/// How far re-exports of re-exports are followed.
const REEXPORTS_MAX: usize = 8;

/// Modules that are not for tests alone.
pub(super) struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Default)]
struct Module {
    /// The module whose file it stands in: itself, or a parent's.
    file_module: ModulePath,
    file: String,
    /// Names declared here.
    items: BTreeSet<String>,
    /// Names imported here, and from where.
    imports: BTreeMap<String, Vec<String>>,
    /// Modules of which all names are imported.
    globs: Vec<Vec<String>>,
    /// Every path that is written here, with its line.
    paths: Vec<(Vec<String>, usize)>,
}

/// That the file of one module names another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: ModulePath,
    pub(super) to: ModulePath,
    /// File and line.
    pub(super) place: String,
}

impl Crate {
    /// Reads the crate whose root is in that file, and the files of its modules.
    pub(super) fn read(tree: &Tree, root: &str) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        read_file(tree, &mut modules, vec![], root, folder)?;
        Ok(Self { modules })
    }

    /// The files of its modules.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.modules.values().map(|module| module.file.as_str()).collect()
    }

    /// What files import of one another, once for each pair. What a module takes from one that it is
    /// within does not count: that is how Rust's parents share.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut imports: BTreeMap<(ModulePath, ModulePath), String> = BTreeMap::new();
        for (path, module) in &self.modules {
            for (written, line) in &module.paths {
                let Some(absolute) = self.absolute(path, written) else { continue };
                let to = self.file_module(&self.target(&absolute, REEXPORTS_MAX));
                if module.file_module.starts_with(&to) {
                    continue;
                }
                let place = || format!("{}:{line}", module.file);
                imports.entry((module.file_module.clone(), to)).or_insert_with(place);
            }
        }
        imports.into_iter().map(|((from, to), place)| Import { from, to, place }).collect()
    }

    fn file_module(&self, path: &ModulePath) -> ModulePath {
        self.modules.get(path).map_or_else(Vec::new, |module| module.file_module.clone())
    }

    /// A path as written in a module, from the crate's root; none if it leads out of the crate.
    fn absolute(&self, module: &ModulePath, written: &[String]) -> Option<Vec<String>> {
        let (first, rest) = written.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => self.absolute_or_name(module, rest),
            "super" => {
                let (_, parent) = module.split_last()?;
                self.absolute_or_name(&parent.to_vec(), rest)
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                self.modules.contains_key(&child).then(|| [child.as_slice(), rest].concat())
            }
        }
    }

    fn absolute_or_name(&self, module: &ModulePath, rest: &[String]) -> Option<Vec<String>> {
        if rest.first().is_some_and(|name| name == "super") {
            return self.absolute(module, rest);
        }
        Some([module.as_slice(), rest].concat())
    }

    /// The module in which that, from the crate's root, is declared.
    fn target(&self, absolute: &[String], reexports_max: usize) -> ModulePath {
        let mut end = absolute.len();
        while !self.modules.contains_key(&absolute[..end]) {
            // The root is always there.
            end -= 1;
        }
        let path = absolute[..end].to_vec();
        let module = &self.modules[&path];
        let Some(name) = absolute.get(end).filter(|name| !module.items.contains(*name)) else { return path };
        if reexports_max == 0 {
            return path;
        }
        if let Some(imported) = module.imports.get(name)
            && let Some(from) = self.absolute(&path, imported)
            && from != absolute[..=end]
        {
            return self.target(&[from.as_slice(), &absolute[end + 1..]].concat(), reexports_max - 1);
        }
        self.globbed(&path, name).unwrap_or(path)
    }

    /// The module that declares a name that another has by `use …::*`.
    fn globbed(&self, path: &ModulePath, name: &str) -> Option<ModulePath> {
        let globs = self.modules[path].globs.iter().filter_map(|glob| self.absolute(path, glob));
        globs
            .map(|glob| self.target(&glob, 0))
            .find(|target| target != path && self.modules[target].items.contains(name))
    }
}

/// Where the files of a module's children are looked for.
struct Place<'a> {
    file: &'a str,
    /// The folder of files that `mod` names.
    children: String,
}

fn read_file(
    tree: &Tree,
    modules: &mut BTreeMap<ModulePath, Module>,
    path: ModulePath,
    file: &str,
    children: &str,
) -> Result<()> {
    let tokens = parse(file, &tree.read(file)?)?;
    let place = Place { file, children: children.to_owned() };
    read_module(tree, modules, &path, &path, &place, tokens)
}

/// Reads a module that has a file, or one within braces in the file of `file_module`.
fn read_module(
    tree: &Tree,
    modules: &mut BTreeMap<ModulePath, Module>,
    path: &ModulePath,
    file_module: &ModulePath,
    place: &Place<'_>,
    tokens: TokenStream,
) -> Result<()> {
    let mut module =
        Module { file_module: file_module.clone(), file: place.file.to_owned(), ..Module::default() };
    let tokens = live(tokens);
    let mut given_path = None;
    for (at, token) in tokens.iter().enumerate() {
        if let Some(given) = path_attribute(token) {
            given_path = Some(given);
        }
        if !is_ident(token, "mod") {
            continue;
        }
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { continue };
        let child = [path.as_slice(), &[name.to_string()]].concat();
        match tokens.get(at + 2) {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                let inner = Place { file: place.file, children: format!("{}/{name}", place.children) };
                read_module(tree, modules, &child, file_module, &inner, body.stream())?;
            }
            _ => {
                let (file, children) = child_file(tree, place, &name.to_string(), given_path.take())?;
                read_file(tree, modules, child, &file, &children)?;
            }
        }
    }
    collect(&mut module, &tokens, true);
    modules.insert(path.clone(), module);
    Ok(())
}

/// The file of `mod name;`, and the folder of its children.
fn child_file(tree: &Tree, place: &Place<'_>, name: &str, given: Option<String>) -> Result<(String, String)> {
    if let Some(given) = given {
        let folder = place.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file = normal(&format!("{folder}/{given}"));
        let children = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        return Ok((file, children));
    }
    let children = format!("{}/{name}", place.children);
    for file in [format!("{children}.rs"), format!("{children}/mod.rs")] {
        if tree.contains(&file) {
            return Ok((file, children));
        }
    }
    bail!("{}: no file of module {name}", place.file)
}

/// Without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// `#[path = "…"]`, without the `#`.
fn path_attribute(token: &TokenTree) -> Option<String> {
    let TokenTree::Group(group) = token else { return None };
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    match tokens.as_slice() {
        [name, _, TokenTree::Literal(file)] if is_ident(name, "path") => string_value(file),
        _ => None,
    }
}

/// Notes items, imports and paths; bodies of modules are read by themselves.
fn collect(module: &mut Module, tokens: &[TokenTree], is_top: bool) {
    const ITEMS: [&str; 8] = ["struct", "enum", "fn", "trait", "type", "const", "static", "union"];
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Ident(word) if word == "use" => {
                let end = tokens[at..].iter().position(|one| is_punct(Some(one), ';'));
                let end = end.map_or(tokens.len(), |found| at + found);
                use_tree(module, &[], &tokens[at..end]);
                at = end;
            }
            TokenTree::Ident(word) if word == "mod" => {
                at += usize::from(matches!(tokens.get(at + 1), Some(TokenTree::Group(_)))) * 2;
            }
            TokenTree::Ident(word) => {
                if let (true, Some(TokenTree::Ident(name))) =
                    (is_top && ITEMS.iter().any(|item| word == item), tokens.get(at))
                {
                    module.items.insert(name.to_string());
                }
                let (path, end) = path_at(tokens, at - 1);
                if path.len() > 1 {
                    module.paths.push((path, word.span().start().line));
                }
                at = end;
            }
            TokenTree::Group(group) => collect(module, &live(group.stream()), false),
            _ => {}
        }
    }
}

/// `a::b::c` that begins with the token at that index, and the index behind it.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// The names of `use` from behind the prefix: `a::b`, `a::{b, c}`, `a::*`, `a as b`.
fn use_tree(module: &mut Module, prefix: &[String], tokens: &[TokenTree]) {
    let start = tokens.iter().position(|token| !is_punct(Some(token), ':')).unwrap_or(tokens.len());
    let (names, end) = path_at(tokens, start);
    let path = [prefix, &names].concat();
    let line = tokens.first().map_or(0, |token| token.span().start().line);
    match tokens.get(end) {
        Some(TokenTree::Group(group)) => use_group(module, &path, group),
        Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
            module.paths.push((path.clone(), line));
            module.globs.push(path);
        }
        // `as`; or nothing.
        following => {
            let path = match path.split_last() {
                Some((last, before)) if last == "self" && !before.is_empty() => before.to_vec(),
                _ => path,
            };
            let is_renamed = following.is_some_and(|token| is_ident(token, "as"));
            let name = match tokens.get(end + 1).filter(|_| is_renamed) {
                Some(alias) => Some(alias.to_string()),
                None => path.last().cloned(),
            };
            module.paths.push((path.clone(), line));
            module.imports.extend(name.map(|name| (name, path)));
        }
    }
}

fn use_group(module: &mut Module, prefix: &[String], group: &Group) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for tree in tokens.split(|token| is_punct(Some(token), ',')).filter(|tree| !tree.is_empty()) {
        use_tree(module, prefix, tree);
    }
}

/// A module's path as Rust writes it.
pub(super) fn display(path: &ModulePath) -> String {
    if path.is_empty() { "crate".to_owned() } else { path.join("::") }
}

/// What is read when a crate's root is missing.
pub(super) fn read_all(tree: &Tree, roots: &[String]) -> Result<Vec<(String, Crate)>> {
    let read = |root: &String| {
        let read = Crate::read(tree, root).with_context(|| format!("modules of {root}"))?;
        Ok((root.clone(), read))
    };
    roots.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let read = Crate::read(&Tree::of(files), "src/lib.rs").unwrap();
        let shown: Vec<String> = read
            .imports()
            .iter()
            .map(|import| format!("{} {}", display(&import.from), display(&import.to)))
            .collect();
        assert_eq!(shown, expected, "{files:?}");
    }

    #[test]
    fn imports_by_use_and_by_path() {
        let root = ("src/lib.rs", "mod a; mod b; mod c;");
        check(
            &[
                root,
                ("src/a.rs", "use crate::b::B;"),
                ("src/b.rs", ""),
                ("src/c.rs", "fn c() { super::a::f() }"),
            ],
            &["a b", "c a"],
        );
        check(
            &[root, ("src/a.rs", "use super::{b::{self, B}, c as d};"), ("src/b.rs", ""), ("src/c.rs", "")],
            &["a b", "a c"],
        );
        check(
            &[
                root,
                ("src/a.rs", "fn a() { json!({ \"x\": crate::c::C }) }"),
                ("src/b.rs", ""),
                ("src/c.rs", ""),
            ],
            &["a c"],
        );
    }

    #[test]
    fn a_parent_is_shared_but_its_re_exports_are_whose_they_are() {
        let root = ("src/lib.rs", "mod a;");
        let parent = ("src/a/mod.rs", "mod x; mod y; pub use y::Y; struct A; fn f() { x::f() }");
        check(
            &[root, parent, ("src/a/x.rs", "use super::A; use super::Y;"), ("src/a/y.rs", "")],
            &["a a::x", "a a::y", "a::x a::y"],
        );
    }

    #[test]
    fn from_elsewhere_a_facade_leads_to_what_is_behind() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "mod x; pub use x::*; pub struct A;"),
            ("src/a/x.rs", "pub struct X;"),
            ("src/b.rs", "use crate::a::X;"),
        ];
        check(&files, &["a a::x", "b a::x"]);
    }

    #[test]
    fn tests_import_what_they_like() {
        let files = [
            ("src/lib.rs", "mod a; #[cfg(test)] mod b;"),
            ("src/a.rs", "#[cfg(test)] mod tests { use crate::b::B; }"),
        ];
        check(&files, &[]);
    }

    #[test]
    fn a_module_in_braces_is_part_of_its_file() {
        let files = [
            ("src/lib.rs", "mod a; mod b { pub(crate) use super::a::A; }"),
            ("src/a.rs", "use crate::b::A;"),
        ];
        check(&files, &["crate a"]);
    }
}
