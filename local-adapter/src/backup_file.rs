//! The file of a back-up, format 1: lines of JSON, gzipped. First what the back-up says of itself, then a
//! list of records for each page, last how many there were and the SHA-256 of all lines before.
//!
//! Knows no gateway: what a file must be to be read at all.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The form of a file that this program writes, and the newest that it reads.
const FORMAT: u64 = 1;
/// A line, in bytes: a page must fit a body of the Admin API.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Writes a file.
pub(crate) struct Writer<W: Write> {
    out: GzEncoder<W>,
    digest: Sha256,
    pages: u64,
    records: u64,
}

impl<W: Write> Writer<W> {
    /// `description`: what the back-up says of itself, an object.
    pub(crate) fn new(out: W, description: &Value) -> io::Result<Self> {
        let out = GzEncoder::new(out, Compression::default());
        let mut writer = Writer { out, digest: Sha256::new(), pages: 0, records: 0 };
        writer.line(&json!({"latchkey": "back-up", "file_format": FORMAT, "back_up": description}))?;
        Ok(writer)
    }

    pub(crate) fn page(&mut self, records: &[Value]) -> io::Result<()> {
        self.pages += 1;
        self.records += records.len() as u64;
        self.line(&records.into())
    }

    /// Records that were written.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Ends the file; what it was written to is to be synced.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let sha256 = hex(&self.digest.clone().finalize());
        let end = json!({"end": {"pages": self.pages, "records": self.records, "sha256": sha256}});
        self.line(&end)?;
        self.out.finish()
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        let line = format!("{value}\n");
        self.digest.update(&line);
        self.out.write_all(line.as_bytes())
    }
}

/// Reads a file, a page at a time. Only when [`Reader::page`] has answered `None` is it known to be whole.
pub(crate) struct Reader<R: Read> {
    lines: BufReader<MultiGzDecoder<BufReader<R>>>,
    digest: Sha256,
    description: Value,
    pages: u64,
    records: u64,
}

/// Why a file is not restored from.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is something else.
    NoBackup,
    /// A newer program made it.
    Newer(u64),
    /// It ends too soon.
    Cut,
    /// It is not what was written.
    Changed(&'static str),
    /// It cannot be read.
    Io(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoBackup => f.write_str("is no back-up of Latchkey's"),
            Fault::Newer(format) => {
                write!(
                    f,
                    "was made by a newer version: its format is {format}, this program reads up to {FORMAT}"
                )
            }
            Fault::Cut => f.write_str("ends too soon: it is not all of a back-up"),
            Fault::Changed(what) => write!(f, "is not as it was written ({what})"),
            Fault::Io(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl<R: Read> Reader<R> {
    /// Reads what the back-up says of itself.
    pub(crate) fn open(file: R) -> Result<Self, Fault> {
        let lines = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
        let (digest, description) = (Sha256::new(), Value::Null);
        let mut reader = Reader { lines, digest, description, pages: 0, records: 0 };
        let line = match reader.line() {
            Err(Fault::Changed(_)) => return Err(Fault::NoBackup),
            line => line?,
        };
        let mut head: Value = serde_json::from_str(&line).map_err(|_| Fault::NoBackup)?;
        let format = head["file_format"].as_u64().filter(|_| head["latchkey"] == "back-up");
        match format.ok_or(Fault::NoBackup)? {
            FORMAT => {}
            newer => return Err(Fault::Newer(newer)),
        }
        reader.description = head["back_up"].take();
        if !reader.description.is_object() {
            return Err(Fault::Changed("it says nothing of itself"));
        }
        Ok(reader)
    }

    /// What the back-up says of itself: an object.
    pub(crate) fn description(&self) -> &Value {
        &self.description
    }

    /// Pages and records that were read.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.pages, self.records)
    }

    /// The records of the next page, as JSON; `None`: there are no more, and all was as it was written.
    pub(crate) fn page(&mut self) -> Result<Option<String>, Fault> {
        let before = self.digest.clone();
        let line = self.line()?;
        match serde_json::from_str(&line) {
            Ok(Value::Array(records)) if records.iter().all(Value::is_object) => {
                self.pages += 1;
                self.records += records.len() as u64;
                Ok(Some(line))
            }
            Ok(Value::Object(end)) => {
                let sha256 = hex(&before.finalize());
                let expected =
                    json!({"end": {"pages": self.pages, "records": self.records, "sha256": sha256}});
                if Value::Object(end) != expected {
                    return Err(Fault::Changed("its SHA-256 is another"));
                }
                match self.lines.fill_buf().map_err(fault)?.is_empty() {
                    true => Ok(None),
                    false => Err(Fault::Changed("something comes behind its end")),
                }
            }
            _ => Err(Fault::Changed("a line is no list of records")),
        }
    }

    fn line(&mut self) -> Result<String, Fault> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.lines).take(LINE_BYTES_MAX);
        bounded.read_until(b'\n', &mut line).map_err(fault)?;
        self.digest.update(&line);
        if line.pop() != Some(b'\n') {
            let is_full = line.len() as u64 + 1 >= LINE_BYTES_MAX;
            return Err(if is_full { Fault::Changed("a line is too long") } else { Fault::Cut });
        }
        String::from_utf8(line).map_err(|_| Fault::Changed("a line is no text"))
    }
}

fn fault(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::Cut,
        // What flate2 says of what is no gzip, and of a sum that is not right.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Fault::Changed("it does not unpack"),
        _ => Fault::Io(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Value {
        json!({"id": "00000000-0000-0000-0000-000000000001", "created_at": 1_700_000_000, "format": 1,
            "version": "0.1.0", "hostname": "golden", "peppers": [7], "published_format": 1, "epoch": 9})
    }

    fn pages() -> Vec<Value> {
        vec![
            json!([{"partition": "entity/consumers", "sort": "x", "text": "{\"id\":\"x\"}"},
                {"partition": "published", "sort": "config/00", "base64": "AAAAAAAAAAk="}]),
            json!([]),
            json!([{"partition": "entity/consumers", "sort": "x"}]),
        ]
    }

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), &description()).unwrap();
        for page in pages() {
            writer.page(page.as_array().unwrap()).unwrap();
        }
        assert_eq!(writer.records(), 3);
        writer.finish().unwrap()
    }

    fn read(file: &[u8]) -> Result<(Value, Vec<Value>), Fault> {
        let mut reader = Reader::open(file)?;
        let mut pages = Vec::new();
        while let Some(page) = reader.page()? {
            pages.push(serde_json::from_str(&page).unwrap());
        }
        assert_eq!(reader.read().0, pages.len() as u64);
        Ok((reader.description().clone(), pages))
    }

    fn unpacked(file: &[u8]) -> String {
        let mut text = String::new();
        MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::default());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&written()).unwrap(), (description(), pages()));
    }

    /// A file of the first format, as the first program with back-ups wrote it.
    #[test]
    fn the_file_of_the_first_format_is_read() {
        let golden = include_bytes!("../../core/published/golden/1/back-up.jsonl.gz");
        assert_eq!(read(golden).unwrap(), (description(), pages()));
        assert_eq!(unpacked(golden), unpacked(&written()), "programs of before read it");
    }

    #[test]
    fn a_file_that_is_cut_or_changed_is_told() {
        let file = written();
        for end in 0..file.len() {
            assert!(read(&file[..end]).is_err(), "cut at {end}");
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x10;
            if let Ok(found) = read(&changed) {
                // Time and system in gzip's own head, and the bits that fill up the last byte before its
                // eight of sum and length, are nothing of ours.
                let is_idle = at < 10 || at == file.len() - 9;
                assert!(is_idle && found == (description(), pages()), "changed at {at}");
            }
        }
        let text = unpacked(&file);
        for end in 0..text.len() {
            assert!(read(&packed(&text[..end])).is_err(), "cut before it was packed, at {end}");
        }
        let lines: Vec<&str> = text.lines().collect();
        for (gone, _) in lines.iter().enumerate() {
            let rest: Vec<&str> =
                lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
            assert!(read(&packed(&(rest.join("\n") + "\n"))).is_err(), "without line {gone}");
        }
    }

    #[test]
    fn sentences_say_what_is_wrong() {
        let text = unpacked(&written());
        let sentence = |file: &[u8]| read(file).unwrap_err().to_string();
        for (file, expected) in [
            (b"".to_vec(), "ends too soon: it is not all of a back-up"),
            (b"_format_version: '3.0'\n".to_vec(), "is no back-up of Latchkey's"),
            (packed("{\"a\":1}\n"), "is no back-up of Latchkey's"),
            (
                packed(&text.replace("\"file_format\":1", "\"file_format\":2")),
                "was made by a newer version: its format is 2, this program reads up to 1",
            ),
            (
                packed(&text.replace("config/00", "config/01")),
                "is not as it was written (its SHA-256 is another)",
            ),
            (packed(&(text.clone() + "\n")), "is not as it was written (something comes behind its end)"),
            ([written(), packed("x")].concat(), "is not as it was written (something comes behind its end)"),
            ([written(), b"x".to_vec()].concat(), "ends too soon: it is not all of a back-up"),
            (packed(&"x".repeat(2 << 20)), "is no back-up of Latchkey's"),
        ] {
            assert_eq!(sentence(&file), expected);
        }
    }
}
