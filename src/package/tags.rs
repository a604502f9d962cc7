//! How files of a package are tagged on z/OS, by their names: the rules of Zowe's `bin/utils/tag-files.sh`. Pure.

use std::collections::BTreeMap;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tagging {
    /// Tagged as text of CCSID 819.
    Latin1,
    /// Tagged as binary.
    Binary,
    /// Converted from CCSID 819 to 1047 and tagged as that.
    Converted,
    /// Left alone.
    Untagged,
}

impl Tagging {
    /// CCSID and whether it is text, as a tag has them.
    pub fn tag(self) -> Option<(u16, bool)> {
        match self {
            Tagging::Latin1 => Some((819, true)),
            Tagging::Converted => Some((1047, true)),
            Tagging::Binary => Some((u16::MAX, false)),
            Tagging::Untagged => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Tagging::Latin1 => "ISO8859-1",
            Tagging::Binary => "binary",
            Tagging::Converted => "IBM-1047 (converted)",
            Tagging::Untagged => "no tag",
        }
    }
}

/// Whole names, in this spelling only.
const LATIN1_NAMES: [&str; 8] = ["AUTHORS", "CODEOWNERS", "Jenkinsfile", "LICENSE", "Makefile", "README", ".mailmap", ".MAILMAP"];

/// Names of files that have nothing before their dot, in lower or upper case.
const LATIN1_DOTTED: [&str; 10] = [
    ".babelrc",
    ".editorconfig",
    ".eslintignore",
    ".eslintrc",
    ".jscsrc",
    ".jshintignore",
    ".jshintrc",
    ".npmignore",
    ".nycrc",
    ".tm_properties",
];

/// Endings, all in lower or all in upper case.
const LATIN1: [&str; 36] = [
    ".bat",
    ".bnf",
    ".bsd",
    ".cer",
    ".coffee",
    ".conf",
    ".def",
    ".el",
    ".gradle",
    ".in",
    ".info",
    ".js",
    ".json",
    ".jst",
    ".key",
    ".lock",
    ".log",
    ".ls",
    ".map",
    ".markdown",
    ".md",
    ".opts",
    ".patch",
    ".ppf",
    ".properties",
    ".targ",
    ".ts",
    ".tst",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
    ".1",
    ".json.tpl",
    ".yaml.tpl",
    ".yml.tpl",
];

/// Endings in lower case only.
const LATIN1_LOWER: [&str; 3] = [".json.template", ".yaml.template", ".yml.template"];

/// UTF-8, which is not converted, and binary.
const BINARY: [&str; 29] = [
    ".css", ".jsx", ".html", ".tsx", ".xlf", ".br", ".bz2", ".crx", ".eot", ".gif", ".gz", ".tgz", ".jar", ".jpg", ".mpg", ".mp3", ".mp4",
    ".m4a", ".m4v", ".ogg", ".ogm", ".pax", ".p12", ".pdf", ".png", ".svg", ".ttf", ".woff", ".woff2",
];

const CONVERTED: [&str; 2] = [".jcl", ".sh"];

/// How a file of this name, without its directory, is tagged.
pub fn tagging_of(name: &str) -> Tagging {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending) || name.ends_with(&ending.to_ascii_uppercase()));
    if name == ".gitmodules" || ends(&CONVERTED) {
        Tagging::Converted
    } else if name == "zssServer" || ends(&BINARY) {
        Tagging::Binary
    } else if LATIN1_NAMES.contains(&name)
        || LATIN1_DOTTED.iter().any(|dotted| name == *dotted || name == dotted.to_ascii_uppercase())
        || is_latin1_ending(name)
    {
        Tagging::Latin1
    } else {
        Tagging::Untagged
    }
}

fn is_latin1_ending(name: &str) -> bool {
    // `.1` and templates have no upper case there.
    let lower = LATIN1.iter().chain(&LATIN1_LOWER).any(|ending| name.ends_with(ending));
    lower || LATIN1.iter().any(|ending| !ending.ends_with(".tpl") && name.ends_with(&ending.to_ascii_uppercase()))
}

/// Whether a file is made executable.
pub(super) fn is_made_executable(name: &str) -> bool {
    name.ends_with(".sh") || name.ends_with(".SH")
}

/// How many files of these names are tagged how, in one line: what z/OS will do when they are installed there.
pub fn report<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<Tagging, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(tagging_of(name.rsplit('/').next().unwrap_or(name))).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(tagging, count)| format!("{count} {}", tagging.name())).collect();
    if parts.is_empty() { "no files".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_tagged_as_zowes_script_has_tagged_it() {
        let recorded = include_str!("tags.recorded").lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        for (theirs, name) in recorded.map(|line| line.split_once(' ').unwrap()) {
            let ours = match tagging_of(name) {
                Tagging::Latin1 => "819",
                Tagging::Binary => "bin",
                Tagging::Converted => "1047",
                Tagging::Untagged => "-",
            };
            assert_eq!(ours, theirs, "{name}");
            count += 1;
        }
        assert!(count > 250, "{count}");
    }

    #[test]
    fn names_are_tagged_as_zowes_script_does_it() {
        for (names, expected) in [
            ("manifest.yaml a.JSON b.json.tpl c.yml.template LICENSE README .eslintrc .ESLINTRC x.1 Makefile", Tagging::Latin1),
            ("a.jar b.CSS index.html x.tgz zssServer logo.svg", Tagging::Binary),
            ("start.sh START.SH job.jcl .gitmodules", Tagging::Converted),
            ("program a.c license x.Sh b.JSON.TPL notes.rst Readme a.css.x", Tagging::Untagged),
        ] {
            for name in names.split(' ') {
                assert_eq!(tagging_of(name), expected, "{name}");
            }
        }
        assert_eq!(report(["bin/a.sh", "manifest.yaml", "x/manifest.yml"]), "2 ISO8859-1, 1 IBM-1047 (converted)");
    }
}
