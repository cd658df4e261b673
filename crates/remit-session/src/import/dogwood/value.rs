//! One line of a log: values in Cedar's surface syntax, as JSON.
//!
//! An entity is its id: whose type it is says the schema. Decimals become numbers.

use super::Object;
use serde_json::{Number, Value};

/// Values in each other deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// An event as it stands in a log.
#[derive(Debug)]
pub(in crate::import) struct Event {
    pub(super) seconds: i64,
    /// Without type and quotes.
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) fields: Object,
    pub(super) scope: Object,
}

/// Whether a line begins as an event does.
pub(in crate::import) fn is_event(line: &str) -> bool {
    Event::parse(line).is_ok()
}

impl Event {
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let mut cursor = Cursor { rest: line.trim() };
        cursor.expect('@')?;
        let seconds = cursor.digits()?.parse().map_err(|_| "its time is too large".to_owned())?;
        let mut scope = Object::new();
        loop {
            let path = cursor.path()?;
            match path {
                Path::Name(name) => {
                    let fields = cursor.fields('(', ')', 0)?;
                    if name == "scope" {
                        scope = fields;
                    }
                }
                Path::Entity { id, .. } => {
                    cursor.expect_text("::")?;
                    let kind = cursor.name()?.to_owned();
                    let fields = cursor.fields('(', ')', 0)?;
                    cursor.end()?;
                    return Ok(Self { seconds, action: id, kind, fields, scope });
                }
            }
        }
    }
}

enum Path {
    Name(String),
    Entity { ty: String, id: String },
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest.chars().next()
    }

    fn accept(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        self.expect_text(wanted.encode_utf8(&mut [0; 4]))
    }

    fn expect_text(&mut self, wanted: &str) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(format!("`{wanted}` is missing")) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.skip_blanks();
        if self.rest.is_empty() { Ok(()) } else { Err("something follows the event".to_owned()) }
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn digits(&mut self) -> Result<&'a str, String> {
        match self.take_while(|c| c.is_ascii_digit()) {
            "" => Err("a number is missing".to_owned()),
            digits => Ok(digits),
        }
    }

    fn name(&mut self) -> Result<&'a str, String> {
        self.skip_blanks();
        match self.take_while(|c| c.is_ascii_alphanumeric() || c == '_') {
            "" => Err("a name is missing".to_owned()),
            name => Ok(name),
        }
    }

    /// `name`, or `Some::Type::"id"`.
    fn path(&mut self) -> Result<Path, String> {
        let mut ty = self.name()?.to_owned();
        if !self.rest.starts_with("::") {
            return Ok(Path::Name(ty));
        }
        loop {
            self.expect_text("::")?;
            if self.rest.starts_with('"') {
                return Ok(Path::Entity { ty, id: self.string()? });
            }
            ty = format!("{ty}::{}", self.name()?);
        }
    }

    fn fields(&mut self, open: char, close: char, depth: usize) -> Result<Object, String> {
        self.expect(open)?;
        let mut fields = Object::new();
        while self.peek() != Some(close) {
            let name = if self.peek() == Some('"') { self.string()? } else { self.key()? };
            self.expect(':')?;
            let value = self.value(depth + 1)?;
            if fields.insert(name.clone(), value).is_some() {
                return Err(format!("`{name}` is there twice"));
            }
            if !self.accept(",") {
                break;
            }
        }
        self.expect(close)?;
        Ok(fields)
    }

    /// The name of a field; in `entities(…)` it is an entity.
    fn key(&mut self) -> Result<String, String> {
        Ok(match self.path()? {
            Path::Name(name) => name,
            Path::Entity { ty, id } => format!("{ty}::{id:?}"),
        })
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        match self.peek() {
            Some('"') => self.string().map(Value::String),
            Some('[') => self.list(depth),
            Some('{') => self.record(depth),
            Some('-' | '0'..='9') => self.number(),
            _ => match self.path()? {
                Path::Entity { id, .. } => Ok(Value::String(id)),
                Path::Name(name) => match name.as_str() {
                    "true" => Ok(Value::Bool(true)),
                    "false" => Ok(Value::Bool(false)),
                    "null" => Ok(Value::Null),
                    other => Err(format!("`{other}` is no value")),
                },
            },
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.expect('[')?;
        let mut items = Vec::new();
        while self.peek() != Some(']') {
            items.push(self.value(depth + 1)?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(']')?;
        Ok(Value::Array(items))
    }

    /// A record; in `entities(…)` the parents of an entity follow it.
    fn record(&mut self, depth: usize) -> Result<Value, String> {
        let fields = self.fields('{', '}', depth)?;
        if self.rest.trim_start().starts_with("in ") {
            self.expect_text("in")?;
            self.list(depth)?;
        }
        Ok(Value::Object(fields))
    }

    fn number(&mut self) -> Result<Value, String> {
        let text = self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '.'));
        let number = text.parse::<i64>().ok().map(Number::from);
        let number = number.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
        number.map(Value::Number).ok_or_else(|| format!("`{text}` is no number"))
    }

    /// A string with Cedar's escapes.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(text);
                }
                '\\' => text.push(escaped(&mut characters)?),
                other => text.push(other),
            }
        }
        Err("a text has no end".to_owned())
    }
}

fn escaped(rest: &mut impl Iterator<Item = (usize, char)>) -> Result<char, String> {
    let unknown = || "a text has an escape that is none".to_owned();
    Ok(match rest.next().map(|(_, character)| character).ok_or_else(unknown)? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        character @ ('"' | '\\' | '\'' | '*') => character,
        'u' => {
            let mut digits = String::new();
            for (_, character) in rest {
                match character {
                    '{' => {}
                    '}' => break,
                    digit => digits.push(digit),
                }
            }
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(unknown)?
        }
        _ => return Err(unknown()),
    })
}
