//! What stands behind a backslash.

use super::Refusal;
use super::byte_set::ByteSet;
use super::look::Look;
use super::parse::{Parser, refuse};

/// An expression without others in it.
pub(super) struct Primitive {
    pub(super) kind: PrimitiveKind,
    /// Where it stands.
    pub(super) start: usize,
}

pub(super) enum PrimitiveKind {
    Char(char),
    /// One beyond ASCII, which is no character.
    Byte(u8),
    Set(ByteSet),
    Look(Look),
    /// A class that only Unicode has.
    Unicode,
}

impl Parser<'_> {
    /// Reads an escape; its backslash is next.
    pub(super) fn escape(&mut self) -> Result<Primitive, Refusal> {
        let start = self.at;
        self.bump();
        let Some(escaped) = self.peek() else { return refuse(ENDS_EARLY, start) };
        let kind = match escaped {
            '0'..='9' => return refuse("backreferences are not supported", start),
            'x' | 'u' | 'U' => self.hexadecimal(escaped)?,
            'p' | 'P' => self.unicode_class()?,
            _ => {
                self.bump();
                self.short_escape(escaped, start)?
            }
        };
        Ok(Primitive { kind, start })
    }

    fn short_escape(&mut self, escaped: char, start: usize) -> Result<PrimitiveKind, Refusal> {
        Ok(match escaped {
            'd' | 's' | 'w' => PrimitiveKind::Set(perl_class(escaped)),
            'D' | 'S' | 'W' => PrimitiveKind::Set(perl_class(escaped.to_ascii_lowercase()).negated()),
            'a' => PrimitiveKind::Char('\x07'),
            'f' => PrimitiveKind::Char('\x0c'),
            't' => PrimitiveKind::Char('\t'),
            'n' => PrimitiveKind::Char('\n'),
            'r' => PrimitiveKind::Char('\r'),
            'v' => PrimitiveKind::Char('\x0b'),
            'A' => PrimitiveKind::Look(Look::Start),
            'z' => PrimitiveKind::Look(Look::End),
            'b' => PrimitiveKind::Look(self.word_boundary(start)?),
            'B' => PrimitiveKind::Look(Look::NotWordBoundary),
            '<' => PrimitiveKind::Look(Look::WordStart),
            '>' => PrimitiveKind::Look(Look::WordEnd),
            _ if escaped.is_ascii() && !escaped.is_ascii_alphanumeric() => PrimitiveKind::Char(escaped),
            _ => return refuse("unrecognized escape sequence", start),
        })
    }

    /// Reads what may stand behind `\b`: `{start}` and the like. Other braces are a repetition.
    fn word_boundary(&mut self, escape_start: usize) -> Result<Look, Refusal> {
        let brace = self.at;
        if self.peek() != Some('{') {
            return Ok(Look::WordBoundary);
        }
        let is_inner = |next: &char| next.is_ascii_alphabetic() || *next == '-';
        match self.advance() {
            None => {
                let reason = "found either the beginning of a special word boundary or a bounded repetition \
                              on a \\b with an opening brace, but no closing brace";
                return refuse(reason, escape_start);
            }
            Some(next) if !is_inner(&next) => {
                self.at = brace;
                return Ok(Look::WordBoundary);
            }
            Some(_) => {}
        }
        let name_start = self.at;
        let mut name = String::new();
        while let Some(next) = self.peek().filter(is_inner) {
            name.push(next);
            self.advance();
        }
        if !self.bump_if("}") {
            let reason =
                "special word boundary assertion is either unclosed or contains an invalid character";
            return refuse(reason, brace);
        }
        match name.as_str() {
            "start" => Ok(Look::WordStart),
            "end" => Ok(Look::WordEnd),
            "start-half" => Ok(Look::WordStartHalf),
            "end-half" => Ok(Look::WordEndHalf),
            _ => {
                let reason = "unrecognized special word boundary assertion, \
                              valid choices are: start, end, start-half or end-half";
                refuse(reason, name_start)
            }
        }
    }

    /// Reads the digits behind `\x`, `\u` or `\U`, with or without braces; the letter is next.
    fn hexadecimal(&mut self, letter: char) -> Result<PrimitiveKind, Refusal> {
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            _ => 8,
        };
        let Some(next) = self.advance() else { return refuse(ENDS_EARLY, self.at) };
        let brace = self.at;
        let in_braces = next == '{';
        if in_braces {
            self.advance();
        }
        let start = if in_braces { brace + 1 } else { brace };
        let mut code = Some(0_u32);
        let mut read = 0;
        while in_braces || read < digits {
            let Some(next) = self.peek() else {
                return refuse(ENDS_EARLY, if in_braces { brace } else { self.at });
            };
            if in_braces && next == '}' {
                self.advance();
                break;
            }
            let Some(digit) = next.to_digit(16) else { return refuse("invalid hexadecimal digit", self.at) };
            code = code.and_then(|code| code.checked_mul(16)).map(|code| code | digit);
            read += 1;
            self.advance();
        }
        if read == 0 {
            return refuse("hexadecimal literal empty", brace);
        }
        let Some(literal) = code.and_then(char::from_u32) else {
            return refuse("hexadecimal literal is not a Unicode scalar value", start);
        };
        Ok(match u8::try_from(literal) {
            Ok(byte @ 0x80..) if letter == 'x' && !in_braces => PrimitiveKind::Byte(byte),
            _ => PrimitiveKind::Char(literal),
        })
    }

    /// Reads `\p`, to refuse it in the end.
    fn unicode_class(&mut self) -> Result<PrimitiveKind, Refusal> {
        let Some(next) = self.advance() else { return refuse(ENDS_EARLY, self.at) };
        if next == '{' {
            while let Some(inner) = self.advance()
                && inner != '}'
            {}
            if !self.bump_if("}") {
                return refuse(ENDS_EARLY, self.at);
            }
        } else if next == '\\' {
            return refuse("invalid Unicode character class", self.at);
        } else {
            self.advance();
        }
        Ok(PrimitiveKind::Unicode)
    }
}

const ENDS_EARLY: &str = "incomplete escape sequence, reached end of pattern prematurely";

/// The set of `\d`, `\s` or `\w`.
fn perl_class(letter: char) -> ByteSet {
    ByteSet::of_ranges(match letter {
        'd' => b"09",
        's' => b"\t\r  ",
        _ => b"09AZ__az",
    })
}
