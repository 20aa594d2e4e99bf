//! The page that figures are written into.

use std::fs;

use anyhow::{Context, Result};

use xtask::workspace;

const DOCUMENT: &str = "docs/benchmarks.md";

/// Puts a report between the markers of its section, at the end of the document when they are not
/// there yet.
pub(super) fn write(section: &str, report: &str) -> Result<()> {
    let file = workspace::root().join(DOCUMENT);
    let old = match fs::read_to_string(&file) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "# Benchmarks\n".to_owned(),
        Err(error) => return Err(error).with_context(|| format!("read {DOCUMENT}")),
    };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, replace_section(&old, section, report)).with_context(|| format!("write {DOCUMENT}"))?;
    eprintln!("written into {DOCUMENT}");
    Ok(())
}

fn replace_section(document: &str, name: &str, report: &str) -> String {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let section = format!("{begin}\n\n{}\n\n{end}", report.trim());
    let found =
        document.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match found {
        Some((before, after)) => format!("{before}{section}{after}"),
        None => format!("{}\n\n{section}\n", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_document_stays() {
        let old = "# A\n\n<!-- gateway:begin -->\nold\n<!-- gateway:end -->\n\nrest\n";
        let new = "# A\n\n<!-- gateway:begin -->\n\nnew\n\n<!-- gateway:end -->\n\nrest\n";
        assert_eq!(replace_section(old, "gateway", "new\n"), new);
        assert_eq!(replace_section(new, "gateway", "new\n"), new);
    }

    #[test]
    fn a_document_without_markers_grows_at_its_end() {
        let new = "# A\n\n<!-- gateway-2-cores:begin -->\n\nnew\n\n<!-- gateway-2-cores:end -->\n";
        assert_eq!(replace_section("# A\n", "gateway-2-cores", "new"), new);
    }
}
