//! Edits of a bundle, as `suite/bundle/tampering.toml` describes them: of its members, then of its bytes.
//!
//! The archive is taken apart by hand here, so that what reads bundles is not also what makes the bad ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use remit_api::bundle::{SecretKey, envelope, of_bytes};
use serde::Deserialize;
use serde_json::{Value, json};

const BLOCK: usize = 512;
const MANIFEST: &str = "manifest.json";
const ENVELOPE: &str = "bundle.dsse.json";

/// Who may sign.
pub(super) struct Keys {
    pub(super) trusted: SecretKey,
    other: SecretKey,
}

/// One step.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Edit {
    /// Keeps so many bytes; counted from the end if below 0.
    Cut { keep: i64 },
    /// Adds a text or zeros at the end.
    Append { text: Option<String>, zeros: Option<usize> },
    /// Adds the whole file once more.
    AppendItself,
    /// Adds bytes at the beginning.
    Prepend { hex: String },
    /// Something else instead.
    Whole { text: String, times: usize },
    /// Turns one bit: of a member's text, else of the file.
    Flip { member: Option<String>, at: Option<usize>, from_end: Option<usize> },
    /// Writes a field of a member's header; its sum is made right unless it is to stay the old one.
    Field {
        member: String,
        field: String,
        text: Option<String>,
        hex: Option<String>,
        sum: Option<String>,
    },
    /// Writes something into the padding of a member.
    Padding { member: String },
    /// Puts a member in, at the beginning.
    Insert { name: String, text: String, r#type: Option<String> },
    /// Puts in so many members.
    Fill { members: usize },
    /// Puts a member in a second time.
    Copy { member: String, r#as: Option<String> },
    /// Takes a member out.
    Remove { member: String },
    /// Lets two members change places.
    Swap { member: String, with: String },
    /// Sorts the members.
    Sort,
    /// Replaces the first such text of a member.
    Text { member: String, find: String, replace: String },
    /// Adds bytes to a member.
    Bytes { member: String, hex: String },
    /// Sets a value in a member that is JSON; without one, takes it out.
    Json { member: String, at: String, value: Option<Value> },
    /// Lets the manifest list the members as they are; one of them twice, if so named.
    List { twice: Option<String> },
    /// Signs the manifest again; in the name of another key, if so named.
    Sign { key: Option<String>, r#as: Option<String> },
    /// Repeats the signature.
    Signatures { count: usize },
    /// Sets a value in the statement; signs it again if asked to.
    Statement {
        at: String,
        value: Value,
        #[serde(default)]
        sign: bool,
        #[serde(default)]
        spaced: bool,
    },
}

impl Keys {
    pub(super) fn new() -> Self {
        Keys { trusted: SecretKey::generate().unwrap(), other: SecretKey::generate().unwrap() }
    }

    pub(super) fn named(&self, name: &str) -> &SecretKey {
        match name {
            "trusted" => &self.trusted,
            "other" => &self.other,
            _ => panic!("there is no key `{name}`"),
        }
    }
}

#[derive(Clone)]
struct Entry {
    name: String,
    header: Vec<u8>,
    data: Vec<u8>,
    padding: Vec<u8>,
}

struct Bundle {
    entries: Vec<Entry>,
    end: Vec<u8>,
}

/// The bundle after all steps.
pub(super) fn apply(fresh: &[u8], edits: &[Edit], keys: &Keys) -> Vec<u8> {
    let mut bytes = fresh.to_vec();
    for edit in edits {
        bytes = match of_bytes_only(&bytes, edit) {
            Some(edited) => edited,
            None => {
                let mut bundle = Bundle::read(&bytes);
                bundle.edit(edit, keys);
                bundle.write()
            }
        };
    }
    bytes
}

/// The statement in an envelope.
pub(super) fn payload(envelope: &[u8]) -> Value {
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    let payload = BASE64.decode(envelope["payload"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

fn of_bytes_only(bytes: &[u8], edit: &Edit) -> Option<Vec<u8>> {
    Some(match edit {
        Edit::Cut { keep } => {
            let from_end = || bytes.len() - usize::try_from(-keep).unwrap();
            bytes[..usize::try_from(*keep).unwrap_or_else(|_| from_end())].to_vec()
        }
        Edit::Append { text, zeros } => {
            let text = text.clone().unwrap_or_default().into_bytes();
            [bytes, &text, &vec![0; zeros.unwrap_or(0)]].concat()
        }
        Edit::AppendItself => [bytes, bytes].concat(),
        Edit::Prepend { hex } => [&unhex(hex), bytes].concat(),
        Edit::Whole { text, times } => text.repeat(*times).into_bytes(),
        Edit::Flip { member: None, at, from_end } => {
            let mut bytes = bytes.to_vec();
            let at = from_end.map_or_else(|| at.unwrap(), |from_end| bytes.len() - from_end);
            bytes[at] ^= 1;
            bytes
        }
        _ => return None,
    })
}

impl Bundle {
    fn read(bytes: &[u8]) -> Self {
        let mut entries = Vec::new();
        let mut at = 0;
        while bytes[at] != 0 {
            let header = bytes[at..at + BLOCK].to_vec();
            let field = |range: std::ops::Range<usize>| {
                let text: Vec<u8> = header[range].iter().copied().take_while(|b| *b != 0).collect();
                String::from_utf8_lossy(&text).into_owned()
            };
            let size = usize::from_str_radix(&field(124..136), 8).unwrap();
            let (name, data) = (field(0..100), at + BLOCK..at + BLOCK + size);
            at = data.end.next_multiple_of(BLOCK);
            let padding = bytes[data.end..at].to_vec();
            entries.push(Entry { name, header, data: bytes[data].to_vec(), padding });
        }
        Bundle { entries, end: bytes[at..].to_vec() }
    }

    fn write(&self) -> Vec<u8> {
        let parts = self.entries.iter().flat_map(|e| [&e.header, &e.data, &e.padding]);
        parts.chain([&self.end]).flatten().copied().collect()
    }

    fn edit(&mut self, edit: &Edit, keys: &Keys) {
        match edit {
            Edit::Flip { member, at, .. } => {
                self.entry(member.as_deref().unwrap()).data[at.unwrap()] ^= 1;
            }
            Edit::Field { member, field, text, hex, sum } => {
                let value = match (text, hex) {
                    (Some(text), _) => text.clone().into_bytes(),
                    (None, hex) => unhex(hex.as_deref().unwrap()),
                };
                let entry = self.entry(member);
                entry.field(field, &value);
                if sum.is_none() {
                    entry.sum();
                }
            }
            Edit::Padding { member } => self.entry(member).padding[0] = b'!',
            Edit::Insert { name, text, r#type } => {
                let mut entry = Entry::new(name, text.as_bytes());
                entry.field("type", r#type.as_deref().unwrap_or("0").as_bytes());
                entry.sum();
                self.entries.insert(0, entry);
            }
            Edit::Fill { members } => {
                let filling = (0..*members).map(|n| Entry::new(&format!("a/{n:05}"), b""));
                self.entries.splice(0..0, filling);
            }
            Edit::Copy { member, r#as } => {
                let at = self.position(member);
                let name = r#as.as_ref().unwrap_or(member);
                let copy = Entry::new(name, &self.entries[at].data.clone());
                self.entries.insert(at + 1, copy);
            }
            Edit::Remove { member } => drop(self.entries.remove(self.position(member))),
            Edit::Swap { member, with } => {
                let (one, other) = (self.position(member), self.position(with));
                self.entries.swap(one, other);
            }
            Edit::Sort => self.entries.sort_by(|a, b| a.name.cmp(&b.name)),
            Edit::Text { member, find, replace } => {
                let entry = self.entry(member);
                let text = String::from_utf8(entry.data.clone()).unwrap();
                assert!(text.contains(find), "`{find}` is not in `{member}`");
                entry.text(text.replacen(find, replace, 1).as_bytes());
            }
            Edit::Bytes { member, hex } => {
                let entry = self.entry(member);
                let text = [&*entry.data, &unhex(hex)].concat();
                entry.text(&text);
            }
            Edit::Json { member, at, value } => {
                let entry = self.entry(member);
                let mut json: Value = serde_json::from_slice(&entry.data).unwrap();
                set(&mut json, at, value.clone());
                let text = match member.as_str() {
                    ENVELOPE => serde_json::to_vec(&json).unwrap(),
                    _ => pretty(&json),
                };
                entry.text(&text);
            }
            Edit::List { twice } => self.list(twice.as_deref()),
            Edit::Sign { key, r#as } => self.sign(keys, key.as_deref(), r#as.as_deref()),
            Edit::Signatures { count } => {
                let entry = self.entry(ENVELOPE);
                let mut json: Value = serde_json::from_slice(&entry.data).unwrap();
                let one = json["signatures"][0].clone();
                json["signatures"] = Value::Array(vec![one; *count]);
                entry.text(&serde_json::to_vec(&json).unwrap());
            }
            Edit::Statement { at, value, sign, spaced } => {
                self.statement(keys, (at, value), *sign, *spaced);
            }
            Edit::Cut { .. } | Edit::Append { .. } | Edit::AppendItself => {}
            Edit::Prepend { .. } | Edit::Whole { .. } => {}
        }
    }

    fn list(&mut self, twice: Option<&str>) {
        let listed = self.entries.iter().filter(|e| ![MANIFEST, ENVELOPE].contains(&&*e.name));
        let member = |e: &Entry| json!({ "name": e.name, "bytes": e.data.len(), "digest": of_bytes(&e.data) });
        let mut members: Vec<Value> = Vec::new();
        for entry in listed {
            let times = if twice == Some(&*entry.name) { 2 } else { 1 };
            members.extend(vec![member(entry); times]);
        }
        let manifest = self.entry(MANIFEST);
        let mut json: Value = serde_json::from_slice(&manifest.data).unwrap();
        json["members"] = Value::Array(members);
        manifest.text(&pretty(&json));
    }

    fn sign(&mut self, keys: &Keys, key: Option<&str>, claimed: Option<&str>) {
        let key = keys.named(key.unwrap_or("trusted"));
        let sealed = envelope::seal(&self.entry(MANIFEST).data, key);
        let mut json: Value = serde_json::from_slice(&sealed).unwrap();
        if let Some(claimed) = claimed {
            json["signatures"][0]["keyid"] = keys.named(claimed).public().id().into();
        }
        self.entry(ENVELOPE).text(&serde_json::to_vec(&json).unwrap());
    }

    fn statement(&mut self, keys: &Keys, (at, value): (&str, &Value), sign: bool, spaced: bool) {
        let entry = self.entry(ENVELOPE);
        let mut json: Value = serde_json::from_slice(&entry.data).unwrap();
        let mut statement = payload(&entry.data);
        set(&mut statement, at, Some(value.clone()));
        let text =
            if spaced { pretty(&statement) } else { serde_json::to_vec(&statement).unwrap() };
        json["payload"] = BASE64.encode(&text).into();
        if sign {
            let kind = json["payloadType"].as_str().unwrap();
            let head = format!("DSSEv1 {} {kind} {} ", kind.len(), text.len());
            let signature = keys.trusted.sign(&[head.as_bytes(), &text].concat());
            json["signatures"][0]["sig"] = BASE64.encode(signature).into();
        }
        entry.text(&serde_json::to_vec(&json).unwrap());
    }

    fn position(&self, name: &str) -> usize {
        let found = self.entries.iter().position(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("there is no member `{name}`"))
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        let at = self.position(name);
        &mut self.entries[at]
    }
}

impl Entry {
    fn new(name: &str, data: &[u8]) -> Self {
        let mut entry =
            Entry { name: name.to_owned(), header: vec![0; BLOCK], data: vec![], padding: vec![] };
        let fields = [("name", name), ("mode", "0000644"), ("uid", "0000000"), ("gid", "0000000")];
        let more = [("mtime", "00000000000"), ("type", "0"), ("magic", "ustar"), ("version", "00")];
        for (field, text) in fields.into_iter().chain(more) {
            entry.field(field, text.as_bytes());
        }
        entry.text(data);
        entry
    }

    /// Another text, with a header that says so.
    fn text(&mut self, data: &[u8]) {
        self.data = data.to_vec();
        self.padding = vec![0; data.len().next_multiple_of(BLOCK) - data.len()];
        self.field("size", format!("{:011o}", data.len()).as_bytes());
        self.sum();
    }

    fn field(&mut self, field: &str, value: &[u8]) {
        let place = match field {
            "name" => 0..100,
            "mode" => 100..108,
            "uid" => 108..116,
            "gid" => 116..124,
            "size" => 124..136,
            "mtime" => 136..148,
            "type" => 156..157,
            "linkname" => 157..257,
            "magic" => 257..263,
            "version" => 263..265,
            "uname" => 265..297,
            "prefix" => 345..500,
            _ => panic!("there is no field `{field}`"),
        };
        let place = &mut self.header[place];
        place.fill(0);
        place[..value.len()].copy_from_slice(value);
    }

    fn sum(&mut self) {
        self.header[148..156].fill(b' ');
        let sum: u32 = self.header.iter().map(|byte| u32::from(*byte)).sum();
        self.header[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
    }
}

fn set(json: &mut Value, at: &str, value: Option<Value>) {
    let (parent, last) = at.rsplit_once('/').unwrap();
    match (json.pointer_mut(parent).unwrap(), value) {
        (Value::Array(list), None) => drop(list.remove(last.parse().unwrap())),
        (Value::Array(list), Some(value)) => list[last.parse::<usize>().unwrap()] = value,
        (Value::Object(map), None) => drop(map.shift_remove(last)),
        (Value::Object(map), Some(value)) => drop(map.insert(last.to_owned(), value)),
        (other, _) => panic!("`{at}` is in {other}"),
    }
}

fn pretty(json: &Value) -> Vec<u8> {
    (serde_json::to_string_pretty(json).unwrap() + "\n").into_bytes()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}
