//! Classes in brackets.

use super::Refusal;
use super::byte_set::ByteSet;
use super::escape::{Primitive, PrimitiveKind};
use super::parse::{Parser, refuse};

/// A bracket that is open.
struct Bracket {
    start: usize,
    is_negated: bool,
    /// The operation that waits for its right side, and its left side.
    pending: Option<(Operation, Items)>,
    items: Items,
}

#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Difference,
    SymmetricDifference,
}

/// Items that stand beside each other.
#[derive(Default)]
struct Items {
    set: ByteSet,
    count: usize,
    /// Levels of nesting, of the highest.
    height: usize,
}

impl Items {
    fn add(&mut self, set: &ByteSet, height: usize) {
        self.set = self.set.union(set);
        self.count += 1;
        self.height = self.height.max(height);
    }

    /// As one item.
    fn joined(self) -> Items {
        let height = self.height + usize::from(self.count > 1);
        Items { count: 1, height, ..self }
    }
}

impl Bracket {
    /// Ends the right side of the operation that waits for it.
    fn operate(&mut self, ignore_case: bool) -> Items {
        let right = std::mem::take(&mut self.items).joined();
        let Some((operation, left)) = self.pending.take() else { return right };
        let height = left.height.max(right.height) + 1;
        let folded = |items: Items| if ignore_case { items.set.without_case() } else { items.set };
        let (left, right) = (folded(left), folded(right));
        let set = match operation {
            Operation::Intersection => left.intersection(&right),
            Operation::Difference => left.difference(&right),
            Operation::SymmetricDifference => left.symmetric_difference(&right),
        };
        Items { set, count: 1, height }
    }
}

impl Parser<'_> {
    /// Reads a class, whose bracket is next. Answers with what it has and how deep it is.
    pub(super) fn class(&mut self) -> Result<(ByteSet, usize), Refusal> {
        let mut bracket = self.open_bracket()?;
        let mut around = Vec::new();
        loop {
            self.skip_space();
            let Some(next) = self.peek() else { return unclosed(bracket.start) };
            if next == '[' {
                match self.named_class() {
                    Some(set) => bracket.items.add(&set, 0),
                    None => around.push(std::mem::replace(&mut bracket, self.open_bracket()?)),
                }
            } else if next == ']' {
                self.bump();
                let whole = bracket.operate(self.flags.ignore_case);
                let set = self.folded(whole.set, bracket.is_negated);
                let height = whole.height + 1;
                let Some(outer) = around.pop() else { return Ok((set, height)) };
                bracket = outer;
                bracket.items.add(&set, height);
            } else if let Some(operation) = self.operation() {
                let left = bracket.operate(self.flags.ignore_case);
                bracket.pending = Some((operation, left));
            } else {
                let set = self.class_range(bracket.start)?;
                bracket.items.add(&set, 0);
            }
        }
    }

    fn folded(&self, set: ByteSet, is_negated: bool) -> ByteSet {
        let set = if self.flags.ignore_case { set.without_case() } else { set };
        if is_negated { set.negated() } else { set }
    }

    fn open_bracket(&mut self) -> Result<Bracket, Refusal> {
        let start = self.at;
        let mut items = Items::default();
        let mut next = self.advance();
        let is_negated = next == Some('^');
        if is_negated {
            next = self.advance();
        }
        // At the start `-` is itself, and so is `]` then: there is no empty class.
        while next == Some('-') {
            items.add(&ByteSet::of(b"-"), 0);
            next = self.advance();
        }
        if next == Some(']') && items.count == 0 {
            items.add(&ByteSet::of(b"]"), 0);
            next = self.advance();
        }
        match next {
            None => unclosed(start),
            Some(_) => Ok(Bracket { start, is_negated, pending: None, items }),
        }
    }

    fn operation(&mut self) -> Option<Operation> {
        if self.bump_if("&&") {
            Some(Operation::Intersection)
        } else if self.bump_if("--") {
            Some(Operation::Difference)
        } else if self.bump_if("~~") {
            Some(Operation::SymmetricDifference)
        } else {
            None
        }
    }

    /// Reads `[:alpha:]` and the like. What only looks like it is a bracket like others.
    fn named_class(&mut self) -> Option<ByteSet> {
        let inner = self.rest().strip_prefix("[:")?;
        let (is_negated, inner) = inner.strip_prefix('^').map_or((false, inner), |inner| (true, inner));
        let name = &inner[..inner.find(':')?];
        if !inner[name.len()..].starts_with(":]") {
            return None;
        }
        let ranges: &[u8] = match name {
            "alnum" => b"09AZaz",
            "alpha" => b"AZaz",
            "ascii" => b"\x00\x7f",
            "blank" => b"\t\t  ",
            "cntrl" => b"\x00\x1f\x7f\x7f",
            "digit" => b"09",
            "graph" => b"!~",
            "lower" => b"az",
            "print" => b" ~",
            "punct" => b"!/:@[`{~",
            "space" => b"\t\r  ",
            "upper" => b"AZ",
            "word" => b"09AZ__az",
            "xdigit" => b"09AFaf",
            _ => return None,
        };
        self.at += self.rest().len() - inner.len() + name.len() + ":]".len();
        Some(self.folded(ByteSet::of_ranges(ranges), is_negated))
    }

    /// Reads one item, or two with `-` between them.
    fn class_range(&mut self, bracket_start: usize) -> Result<ByteSet, Refusal> {
        let first = self.class_item()?;
        self.skip_space();
        match self.peek() {
            None => return unclosed(bracket_start),
            Some('-') if !matches!(self.peek_second(), Some(']' | '-')) => {}
            Some(_) => return self.class_set(&first),
        }
        if self.advance().is_none() {
            return unclosed(bracket_start);
        }
        let last = self.class_item()?;
        let (start, end) = (range_end(&first)?, range_end(&last)?);
        if start > end {
            return refuse("invalid character class range, the start must be <= the end", first.start);
        }
        let mut set = ByteSet::NONE;
        if let (Some(start), Some(end)) = (self.class_byte(&first), self.class_byte(&last)) {
            set.insert_range(start..=end);
        }
        Ok(set)
    }

    fn class_item(&mut self) -> Result<Primitive, Refusal> {
        let start = self.at;
        match self.peek() {
            Some(literal) if literal != '\\' => {
                self.bump();
                Ok(Primitive { kind: PrimitiveKind::Char(literal), start })
            }
            _ => self.escape(),
        }
    }

    fn class_set(&mut self, item: &Primitive) -> Result<ByteSet, Refusal> {
        match item.kind {
            PrimitiveKind::Set(set) => Ok(set),
            PrimitiveKind::Look(_) => refuse("invalid escape sequence found in character class", item.start),
            _ => Ok(self.class_byte(item).map_or(ByteSet::NONE, |byte| ByteSet::of(&[byte]))),
        }
    }

    /// The byte of a literal; notes what would take Unicode.
    fn class_byte(&mut self, item: &Primitive) -> Option<u8> {
        match item.kind {
            PrimitiveKind::Byte(byte) => Some(byte),
            PrimitiveKind::Char(literal) if literal.is_ascii() => u8::try_from(literal).ok(),
            _ => {
                self.refuse_unicode(item.start);
                None
            }
        }
    }
}

fn range_end(item: &Primitive) -> Result<u32, Refusal> {
    match item.kind {
        PrimitiveKind::Char(literal) => Ok(u32::from(literal)),
        PrimitiveKind::Byte(byte) => Ok(u32::from(byte)),
        _ => refuse("invalid range boundary, must be a literal", item.start),
    }
}

fn unclosed<T>(bracket_start: usize) -> Result<T, Refusal> {
    refuse("unclosed character class", bracket_start)
}
