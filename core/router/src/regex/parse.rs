//! Reads a pattern as crate `regex-syntax` does with Unicode turned off: what one takes the other takes,
//! and what is refused is refused in the same words.

use super::Refusal;
use super::byte_set::ByteSet;
use super::escape::{Primitive, PrimitiveKind};
use super::look::Look;
use super::node::{Node, NodeKind};

/// How deep expressions may stand in each other.
const HEIGHT_MAX: usize = 250;

/// A pattern that is in order.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) root: Node,
    /// The bytes of all literals.
    pub(super) literals: Vec<u8>,
    /// Whether the pattern ends within a comment.
    pub(super) ends_in_comment: bool,
}

pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Parsed, Refusal> {
    let flags = Flags { ignore_case, ..Flags::default() };
    let mut parser = Parser {
        pattern,
        at: 0,
        flags,
        literals: Vec::new(),
        names: Vec::new(),
        too_deep: None,
        not_allowed: None,
        ends_in_comment: false,
    };
    let root = parser.run()?;
    match parser.too_deep.or(parser.not_allowed) {
        Some(refusal) => Err(refusal),
        None => Ok(Parsed { root, literals: parser.literals, ends_in_comment: parser.ends_in_comment }),
    }
}

pub(super) struct Parser<'p> {
    pattern: &'p str,
    /// Where the next character is, in bytes.
    pub(super) at: usize,
    pub(super) flags: Flags,
    literals: Vec<u8>,
    /// Names of groups, sorted.
    names: Vec<&'p str>,
    // What is not in order, though it can be read to the end: a refusal for syntax goes first.
    too_deep: Option<Refusal>,
    not_allowed: Option<Refusal>,
    ends_in_comment: bool,
}

/// What `(?imsURx)` turns on.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    multi_line: bool,
    dot_matches_new_line: bool,
    swap_greed: bool,
    crlf: bool,
    spaced: bool,
}

/// A group that is open; the pattern itself is the outermost.
struct Group {
    /// Where its parenthesis is.
    start: usize,
    /// Those around it.
    flags: Flags,
    branches: Vec<Node>,
    parts: Vec<Node>,
    /// Expressions in the branch at hand; literals stand together in one of `parts`.
    written: usize,
}

impl Group {
    fn new(start: usize, flags: Flags) -> Self {
        Group { start, flags, branches: Vec::new(), parts: Vec::new(), written: 0 }
    }

    fn push(&mut self, part: Node) {
        self.parts.push(part);
        self.written += 1;
    }

    fn end_branch(&mut self) {
        let mut parts = std::mem::take(&mut self.parts);
        parts.retain(|part| !matches!(part.kind, NodeKind::Flags));
        self.branches.push(Node::concat(parts, self.written));
        self.written = 0;
    }

    fn end(mut self) -> Node {
        self.end_branch();
        match self.branches.pop() {
            Some(only) if self.branches.is_empty() => only,
            last => {
                self.branches.extend(last);
                Node::alternate(self.branches)
            }
        }
    }
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<Node, Refusal> {
        let mut group = Group::new(0, self.flags);
        let mut around = Vec::new();
        loop {
            self.skip_space();
            let Some(next) = self.peek() else { break };
            match next {
                '(' => {
                    if let Some(opened) = self.open_group(&mut group)? {
                        around.push(std::mem::replace(&mut group, opened));
                    }
                }
                ')' => {
                    let Some(outer) = around.pop() else { return refuse("unopened group", self.at) };
                    self.bump();
                    self.flags = group.flags;
                    let inner = std::mem::replace(&mut group, outer);
                    let start = inner.start;
                    let mut inner = inner.end();
                    inner.height += 1;
                    // To be repeated as a whole.
                    if let NodeKind::Literal { bytes, last } = &mut inner.kind {
                        *last = bytes.start;
                    }
                    let inner = self.not_too_deep(inner, start);
                    group.push(inner);
                }
                '|' => {
                    self.bump();
                    group.end_branch();
                }
                '[' => {
                    let start = self.at;
                    let (set, height) = self.class()?;
                    if height > HEIGHT_MAX {
                        self.refuse_depth(start);
                    }
                    self.push_set(&mut group, set, height.min(HEIGHT_MAX));
                }
                '?' => self.repeat(&mut group, 0, Some(1))?,
                '*' => self.repeat(&mut group, 0, None)?,
                '+' => self.repeat(&mut group, 1, None)?,
                '{' => self.repeat_counted(&mut group)?,
                _ => {
                    let primitive = self.primitive(next)?;
                    self.push_primitive(&mut group, primitive);
                }
            }
        }
        if !around.is_empty() {
            return refuse("unclosed group", group.start);
        }
        let root = group.end();
        Ok(self.not_too_deep(root, 0))
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    /// Goes on by one character.
    pub(super) fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    /// Goes on behind `text`, if that is next.
    pub(super) fn bump_if(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// Goes on to the next character that counts, and answers with it.
    pub(super) fn advance(&mut self) -> Option<char> {
        self.bump();
        self.skip_space();
        self.peek()
    }

    /// Goes on past white space and comments, where they do not count.
    pub(super) fn skip_space(&mut self) {
        let mut in_comment = false;
        while self.flags.spaced
            && let Some(next) = self.peek()
            && (in_comment || next == '#' || next.is_whitespace())
        {
            in_comment = (in_comment || next == '#') && next != '\n';
            self.bump();
        }
        self.ends_in_comment |= in_comment;
    }

    /// The character behind the next one. Where white space does not count it is as `regex-syntax` has it,
    /// which looks into comments.
    pub(super) fn peek_second(&self) -> Option<char> {
        let mut behind = self.rest().chars();
        behind.next();
        let adjacent = behind.clone().next();
        if !self.flags.spaced {
            return adjacent;
        }
        let mut in_comment = false;
        let mut counts = |next: &char| {
            let starts_comment = *next == '#' && !in_comment;
            in_comment |= starts_comment;
            !next.is_whitespace() && !starts_comment
        };
        behind.find(|next| counts(next)).or(adjacent)
    }

    /// Notes that the pattern asks for what only Unicode has.
    pub(super) fn refuse_unicode(&mut self, offset: usize) {
        self.not_allowed.get_or_insert(Refusal::Syntax { reason: "Unicode not allowed here", offset });
    }

    /// Nothing in place of `node`, when that is too deep.
    fn not_too_deep(&mut self, node: Node, offset: usize) -> Node {
        if node.height <= HEIGHT_MAX {
            return node;
        }
        self.refuse_depth(offset);
        Node::empty()
    }

    fn refuse_depth(&mut self, offset: usize) {
        let reason = "exceed the maximum number of nested parentheses/brackets (250)";
        self.too_deep.get_or_insert(Refusal::Syntax { reason, offset });
    }

    /// Opens a group, or sets flags within `group`.
    fn open_group(&mut self, group: &mut Group) -> Result<Option<Group>, Refusal> {
        let start = self.at;
        let outer = self.flags;
        self.advance();
        if ["?=", "?!", "?<=", "?<!"].iter().any(|look_around| self.bump_if(look_around)) {
            return refuse("look-around, including look-ahead and look-behind, is not supported", start);
        }
        let inner = self.at;
        if self.bump_if("?P<") || self.bump_if("?<") {
            self.group_name()?;
        } else if self.bump_if("?") {
            if self.peek().is_none() {
                return refuse("unclosed group", start);
            }
            let changed = self.changed_flags()?;
            let is_group = self.peek() == Some(':');
            self.bump();
            if !is_group && self.at == inner + "?)".len() {
                return refuse(REPETITION_MISSING, inner);
            }
            self.flags = changed;
            if !is_group {
                group.push(Node::flags());
                return Ok(None);
            }
        }
        Ok(Some(Group::new(start, outer)))
    }

    fn group_name(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        while let Some(next) = self.peek().filter(|next| *next != '>') {
            // Which characters beyond ASCII are letters is not known here.
            let is_inner = self.at > start && (matches!(next, '.' | '[' | ']') || next.is_ascii_digit());
            if !(is_inner || next == '_' || next.is_ascii_alphabetic() || !next.is_ascii()) {
                return refuse("invalid capture group character", self.at);
            }
            self.bump();
        }
        let name = self.pattern.get(start..self.at).unwrap_or_default();
        if !self.bump_if(">") {
            return refuse("unclosed capture group name", self.at);
        }
        if name.is_empty() {
            return refuse("empty capture group name", start);
        }
        match self.names.binary_search(&name) {
            Ok(_) => refuse("duplicate capture group name", start),
            Err(place) => {
                self.names.insert(place, name);
                Ok(())
            }
        }
    }

    /// Reads flags up to `:` or `)`; they are not in force yet.
    fn changed_flags(&mut self) -> Result<Flags, Refusal> {
        let mut changed = self.flags;
        let start = self.at;
        let mut on = true;
        let mut dangling = None;
        loop {
            let Some(next) = self.peek() else {
                return refuse("expected flag but got end of regex", self.at);
            };
            dangling = match next {
                ':' | ')' => break,
                '-' if !on => return refuse("flag negation operator repeated", self.at),
                '-' => {
                    on = false;
                    Some(self.at)
                }
                _ => None,
            };
            match next {
                '-' => {}
                'i' => changed.ignore_case = on,
                'm' => changed.multi_line = on,
                's' => changed.dot_matches_new_line = on,
                'U' => changed.swap_greed = on,
                'R' => changed.crlf = on,
                'x' => changed.spaced = on,
                'u' if on => self.refuse_unicode(self.at),
                'u' => {}
                _ => return refuse("unrecognized flag", self.at),
            }
            let before = self.pattern.get(start..self.at).unwrap_or_default();
            if next != '-' && before.contains(next) {
                return refuse("duplicate flag", self.at);
            }
            self.bump();
        }
        match dangling {
            Some(offset) => refuse("dangling flag negation operator", offset),
            None => Ok(changed),
        }
    }

    /// Repeats what was written last; `?`, `*` or `+` is next.
    fn repeat(&mut self, group: &mut Group, min: u32, max: Option<u32>) -> Result<(), Refusal> {
        let part = self.take_last(group)?;
        self.bump();
        self.push_repeat(group, part, min, max);
        Ok(())
    }

    fn repeat_counted(&mut self, group: &mut Group) -> Result<(), Refusal> {
        let start = self.at;
        let part = self.take_last(group)?;
        let unclosed = || refuse("unclosed counted repetition", start);
        if self.advance().is_none() {
            return unclosed();
        }
        let count = self.decimal();
        let (min, max) = match self.peek() {
            None => return unclosed(),
            Some(',') => match self.advance() {
                None => return unclosed(),
                Some('}') => (count?, None),
                Some(_) => (count?, Some(self.decimal()?)),
            },
            Some(_) => count.map(|count| (count, Some(count)))?,
        };
        if self.peek() != Some('}') {
            return unclosed();
        }
        self.advance();
        if max.is_some_and(|max| max < min) {
            return refuse("invalid repetition count range, the start must be <= the end", start);
        }
        self.push_repeat(group, part, min, max);
        Ok(())
    }

    fn decimal(&mut self) -> Result<u32, Refusal> {
        let skip_white = |parser: &mut Self| {
            while parser.peek().is_some_and(char::is_whitespace) {
                parser.bump();
            }
        };
        skip_white(self);
        let start = self.at;
        let mut number = None;
        let mut fits = true;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            let longer = number.unwrap_or(0_u32).checked_mul(10).and_then(|tens| tens.checked_add(digit));
            fits &= longer.is_some();
            number = Some(longer.unwrap_or(0));
            self.advance();
        }
        skip_white(self);
        match number {
            None => refuse("repetition quantifier expects a valid decimal", start),
            Some(_) if !fits => refuse("decimal literal invalid", start),
            Some(number) => Ok(number),
        }
    }

    /// What a repetition that is next is of.
    fn take_last(&mut self, group: &mut Group) -> Result<Node, Refusal> {
        match group.parts.pop() {
            None | Some(Node { kind: NodeKind::Flags, .. }) => refuse(REPETITION_MISSING, self.at),
            Some(mut part) => {
                if let NodeKind::Literal { bytes, last } = &mut part.kind
                    && *last > bytes.start
                {
                    let repeated = *last..bytes.end;
                    bytes.end = *last;
                    *last = bytes.start;
                    let first = self.literals[repeated.start];
                    group.parts.push(part);
                    part = Node::literal(repeated.clone(), repeated.start, first);
                }
                group.written -= 1;
                Ok(part)
            }
        }
    }

    /// A `?` that is next makes it lazy.
    fn push_repeat(&mut self, group: &mut Group, part: Node, min: u32, max: Option<u32>) {
        let lazy = self.bump_if("?");
        let repeat = Node::repeat(part, min, max, lazy == self.flags.swap_greed);
        let repeat = self.not_too_deep(repeat, group.start);
        group.push(repeat);
    }

    fn primitive(&mut self, next: char) -> Result<Primitive, Refusal> {
        let start = self.at;
        let Flags { multi_line, crlf, .. } = self.flags;
        let line = |plain, line, crlf_line| match (multi_line, crlf) {
            (false, _) => PrimitiveKind::Look(plain),
            (true, false) => PrimitiveKind::Look(line),
            (true, true) => PrimitiveKind::Look(crlf_line),
        };
        let kind = match next {
            '\\' => return self.escape(),
            '.' if self.flags.dot_matches_new_line => PrimitiveKind::Set(ByteSet::ALL),
            '.' if crlf => PrimitiveKind::Set(ByteSet::of(b"\r\n").negated()),
            '.' => PrimitiveKind::Set(ByteSet::of(b"\n").negated()),
            '^' => line(Look::Start, Look::LineStart, Look::CrlfLineStart),
            '$' => line(Look::End, Look::LineEnd, Look::CrlfLineEnd),
            _ => PrimitiveKind::Char(next),
        };
        self.bump();
        Ok(Primitive { kind, start })
    }

    fn push_primitive(&mut self, group: &mut Group, primitive: Primitive) {
        match primitive.kind {
            PrimitiveKind::Char(letter) if self.flags.ignore_case && letter.is_ascii_alphabetic() => {
                self.push_set(group, ByteSet::of(&[letter as u8]).without_case(), 0);
            }
            PrimitiveKind::Char(literal) => {
                let mut bytes = [0; 4];
                self.push_literal(group, literal.encode_utf8(&mut bytes).as_bytes());
            }
            PrimitiveKind::Byte(byte) => self.push_literal(group, &[byte]),
            PrimitiveKind::Set(set) => self.push_set(group, set, 0),
            PrimitiveKind::Look(look) => group.push(Node::look(look)),
            PrimitiveKind::Unicode => {
                self.refuse_unicode(primitive.start);
                group.push(Node::empty());
            }
        }
    }

    /// `bytes`: of one character.
    fn push_literal(&mut self, group: &mut Group, bytes: &[u8]) {
        let start = self.literals.len();
        self.literals.extend_from_slice(bytes);
        let end = self.literals.len();
        if let Some(Node { kind: NodeKind::Literal { bytes, last }, .. }) = group.parts.last_mut()
            && bytes.end == start
        {
            bytes.end = end;
            *last = start;
            group.written += 1;
        } else {
            group.push(Node::literal(start..end, start, bytes[0]));
        }
    }

    fn push_set(&mut self, group: &mut Group, set: ByteSet, height: usize) {
        match set.only() {
            Some(byte) => self.push_literal(group, &[byte]),
            None => group.push(Node::set(set)),
        }
        if let Some(pushed) = group.parts.last_mut() {
            pushed.height = pushed.height.max(height);
        }
    }
}

const REPETITION_MISSING: &str = "repetition operator missing expression";

pub(super) fn refuse<T>(reason: &'static str, offset: usize) -> Result<T, Refusal> {
    Err(Refusal::Syntax { reason, offset })
}
