//! `check --zos-install`: what an installation for z/OS lacks. What was seen is gathered by [`gather`]; what it means is a function of that.
//! It answers under z/OS UNIX and, of a copy of an installation, on any system. What no program can see is a note with the command that
//! shows it.

mod gather;
mod member;
mod profiles;

pub use gather::{Place, gather};
pub use profiles::{Names, PROFILES, Product, Profile};

use super::check::{Finding, Report};
use crate::config::{Location, Problem};
use crate::platform::MemoryLimits;
use crate::platform::files::FileKind;
use member::Procedure;
use std::path::PathBuf;

/// Where ZWEINPAX puts the program, which PGM=ZWELNCH starts where STDENV names none.
const PROGRAM: &str = "/usr/lpp/zwelnch/bin/zwelnch";

/// The longest PARM of an EXEC statement, in characters.
const PARM_LIMIT: usize = 100;

/// What node.js and Java have their heaps in, as `zwe validate memory` asks for it.
const ABOVE_BAR: u64 = 4 << 30;
const BELOW_BAR: u64 = 250_000 * 1024;

/// Free space below which a log or workspace directory is warned of.
const SPACE: u64 = 100 << 20;

/// The highest port that TCP/IP gives only to those it has reserved it for (RESTRICTLOWPORTS).
const LOW_PORT: u16 = 1023;

/// How a file is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Text in this CCSID.
    Text(u16),
    /// Untagged, or binary.
    None,
    /// The system has no tags, or does not tell.
    Unknown,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub kind: FileKind,
    /// Permission bits, with those for set-id and sticky.
    pub mode: u32,
    pub size: u64,
    pub tag: Tag,
    /// The first bytes of a regular file, at most 8.
    pub magic: Vec<u8>,
}

/// A place where something has to be: None when nothing is there; why that is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// As the installation names it, also of a copy.
    pub path: PathBuf,
    pub facts: Result<Option<Facts>, String>,
}

/// What a file is for, and what follows when it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub seen: Seen,
    pub purpose: &'static str,
    pub kind: FileKind,
    pub required: bool,
    /// CCSIDs that a tag may have; empty: any.
    pub tags: &'static [u16],
}

/// Everything that was looked at.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub is_zos: bool,
    /// A copy below a directory.
    pub is_copy: bool,
    pub names: Names,
    /// The member: its name for messages and its text, or why there is none.
    pub procedure: Result<(String, String), String>,
    /// The program at the place that the PROC names.
    pub program: Seen,
    pub files: Vec<Expected>,
    /// Free bytes of the file systems of workspace and logs.
    pub space: Vec<(PathBuf, Result<u64, String>)>,
    /// z/OS only.
    pub limits: Option<Result<MemoryLimits, String>>,
    /// Ids of haInstances, as HAINST gives them.
    pub ids: Vec<String>,
    /// Component and port of what listens.
    pub ports: Vec<(String, u16)>,
    /// How many components have a process.
    pub launched: usize,
    /// Sources of CONFIG in the PROC that are files, and whether each is there; why they could not be read as a list.
    pub sources: Result<Vec<Seen>, String>,
}

/// The path of the program that a member's text names.
pub(super) fn program_of(text: &str) -> PathBuf {
    let found = member::read(text);
    let variable = found.variables().into_iter().find(|(_, name, _)| name == "ZWELNCH_PROGRAM").map(|(_, _, value)| value);
    let parm = found.exec.get("PARM").and_then(|parm| parm.split_whitespace().nth(1)).filter(|path| path.starts_with('/'));
    let of_parm = parm.filter(|_| found.exec.get("PGM").is_some_and(|program| program.starts_with("BPXBAT")));
    PathBuf::from(of_parm.map(str::to_owned).or(variable).unwrap_or_else(|| PROGRAM.to_owned()))
}

/// CONFIG of a member's text.
pub(super) fn config_of(text: &str) -> Option<String> {
    let variables = member::read(text).variables();
    let value = |wanted: &str| variables.iter().find(|(_, name, _)| name == wanted).map(|(_, _, value)| value.clone());
    value("CONFIG").or_else(|| value("INSTANCE_DIR").map(|directory| format!("{directory}/zowe.yaml")))
}

/// The report: errors keep the installation from running, warnings may, notes are for a person to verify.
pub fn report(inventory: &Inventory) -> Report {
    let mut findings = Findings::default();
    if !inventory.is_zos && !inventory.is_copy {
        findings.note("this is not z/OS, and no copy is named with --root: what was looked at is this system's");
    }
    findings.procedure(inventory);
    findings.program(inventory);
    findings.files(inventory);
    findings.sizes(inventory);
    findings.security(inventory);
    let mut report = Report { findings: findings.found, ha_instances: Vec::new(), notes: findings.notes };
    report.findings.sort_by_key(|finding| !finding.problem.error);
    report
}

#[derive(Default)]
struct Findings {
    found: Vec<Finding>,
    notes: Vec<String>,
}

impl Findings {
    fn add(&mut self, error: bool, place: Option<Location>, text: impl Into<String>) {
        let problem = if error { Problem::error(place, text.into()) } else { Problem::warning(place, text.into()) };
        self.found.push(Finding { problem, ha_instances: Vec::new() });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn procedure(&mut self, inventory: &Inventory) {
        let (name, text) = match &inventory.procedure {
            Ok(found) => found,
            Err(why) => {
                self.note(format!("the PROC was not looked at: {why}"));
                return;
            }
        };
        let found = member::read(text);
        let at = |line: u32| Some(Location::new(name.clone(), line, 1));
        for (line, fault) in &found.faults {
            self.add(true, at(*line), fault.clone());
        }
        let Some(program) = found.exec.get("PGM") else {
            self.add(true, Some(Location::whole(name.clone())), "has no step with PGM=: `zwelnch jcl ZWESLSTC` prints the member");
            return;
        };
        let exec = at(found.exec_line);
        let by_path = program.starts_with("BPXBAT");
        if program != "ZWELNCH" && !by_path {
            self.add(true, exec.clone(), format!("PGM={program} does not run zwelnch: ZWELNCH or BPXBATSL is expected"));
        } else if by_path && program != "BPXBATSL" {
            self.add(
                true,
                exec.clone(),
                format!("PGM={program}: F and P reach the program only by a local spawn, which PGM=BPXBATSL makes"),
            );
        }
        self.step(inventory, &found, exec.clone());
        self.stdenv(inventory, &found, name, by_path);
        if program == "ZWELNCH" {
            match found.definitions.get("STEPLIB") {
                Some(library) => {
                    self.note(format!("load library {library}: LISTDS '{library}' MEMBERS shows ZWELNCH; job ZWEIBIND makes it"))
                }
                None => self.note("the PROC has no STEPLIB: D PROG,LNKLST shows whether the link list has the library of ZWELNCH"),
            }
        }
    }

    fn step(&mut self, inventory: &Inventory, found: &Procedure, exec: Option<Location>) {
        let none = vec![String::new()];
        let ids = if inventory.ids.is_empty() { &none } else { &inventory.ids };
        let parm = found.exec.get("PARM").map_or("", String::as_str);
        for id in ids {
            let given = [("HAINST", id.as_str())];
            let given = if id.is_empty() { &[][..] } else { &given[..] };
            let length = found.replaced(parm, given).chars().count();
            if length > PARM_LIMIT {
                let of = if id.is_empty() { String::new() } else { format!(" with HAINST={id}") };
                self.add(
                    true,
                    exec.clone(),
                    format!("PARM has {length} characters{of}, and z/OS takes {PARM_LIMIT}: a shorter path, or ZWESLSTC"),
                );
            }
        }
        let value = |name: &str| found.exec.get(name).map(|value| found.replaced(value, &[]));
        match value("REGION") {
            Some(region) if region == "0M" || region == "0K" => {}
            Some(region) => {
                self.add(false, exec.clone(), format!("REGION={region}: Java and node.js share it with the launcher; 0M is all there is"))
            }
            None => self.add(false, exec.clone(), "has no REGION, so that JES gives its default: REGION=0M is all there is"),
        }
        if !value("TIME").is_some_and(|time| time == "NOLIMIT" || time == "1440") {
            self.add(false, exec.clone(), "has no TIME=NOLIMIT: the task is ended (S322, S522) when the system's time for a step is over");
        }
        match value("MEMLIMIT").map(|limit| (megabytes(&limit), limit)) {
            Some((Some(bytes), limit)) if bytes < ABOVE_BAR => {
                self.add(true, exec, format!("MEMLIMIT={limit}: 4G or more are expected, the heaps of Java and node.js are above the bar"));
            }
            _ => self.note("storage above the bar: REGION=0M means MEMLIMIT=NOLIMIT unless an exit says otherwise; D SMF,O shows the system's MEMLIMIT"),
        }
    }

    fn stdenv(&mut self, inventory: &Inventory, found: &Procedure, name: &str, by_path: bool) {
        let whole = Some(Location::whole(name.to_owned()));
        let Some(records) = &found.stdenv else {
            self.add(true, whole, "has no in-stream STDENV: CONFIG and the variables of Language Environment come from there");
            return;
        };
        let at = |line: u32| Some(Location::new(name.to_owned(), line, 1));
        let variables = found.variables();
        for (line, record) in records {
            if record.starts_with(' ') && !record.trim().is_empty() {
                self.add(false, at(*line), "begins with a blank, which is then part of the variable's name");
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for (line, variable, _) in &variables {
            if names.contains(&variable.as_str()) {
                self.add(false, at(*line), format!("{variable} is set twice; which one holds is not certain"));
            }
            names.push(variable);
        }
        let value = |wanted: &str| variables.iter().find(|(_, name, _)| name == wanted).map(|(line, _, value)| (*line, value.as_str()));
        if value("CONFIG").or(value("INSTANCE_DIR")).is_none() {
            self.add(true, whole.clone(), "STDENV sets neither CONFIG nor INSTANCE_DIR (ZWEL0026E at the start)");
        }
        if !value("_BPXK_AUTOCVT").is_some_and(|(_, value)| value == "ON" || value == "ALL") {
            self.add(false, whole.clone(), "STDENV has no _BPXK_AUTOCVT=ON: tagged files are not converted for components");
        }
        if value("_EDC_UMASK_DFLT").is_none() {
            self.note("STDENV has no _EDC_UMASK_DFLT: zwelnch sets 0002, as Zowe's PROC does");
        }
        if by_path {
            if let Some((line, _)) = value("_CEE_ENVFILE_CONTINUATION") {
                self.add(true, at(line), "BPXBATSL joins no lines: give every variable one line");
            }
        } else {
            match value("ZWELNCH_PROGRAM") {
                None => self.add(
                    false,
                    whole,
                    format!("STDENV has no ZWELNCH_PROGRAM: {PROGRAM} is started for what runs beside the load module"),
                ),
                Some((line, path)) if !path.starts_with('/') => {
                    self.add(true, at(line), format!("ZWELNCH_PROGRAM={path} is no absolute path"));
                }
                Some(_) => {}
            }
            let parm = found.exec.get("PARM").map_or("", String::as_str);
            if !parm.contains("_CEE_ENVFILE") {
                self.add(true, at(found.exec_line), "PARM does not name STDENV: ENVAR(_CEE_ENVFILE_S=DD:STDENV) is expected");
            }
            if !parm.contains("POSIX(ON)") {
                self.add(true, at(found.exec_line), "PARM has no POSIX(ON): without it there are no processes");
            }
        }
        match &inventory.sources {
            Ok(sources) => {
                for source in sources {
                    self.missing(source, "CONFIG names it", true);
                }
            }
            Err(why) => self.add(true, value("CONFIG").and_then(|(line, _)| at(line)), why.clone()),
        }
    }

    /// Whether a place has nothing; the finding is made.
    fn missing(&mut self, seen: &Seen, why: &str, required: bool) -> Option<Facts> {
        let place = Some(Location::whole(seen.path.display().to_string()));
        match &seen.facts {
            Ok(Some(facts)) => return Some(facts.clone()),
            Ok(None) => self.add(required, place, format!("is not there: {why}")),
            Err(error) => self.add(false, place, format!("cannot be looked at ({error}): {why}")),
        }
        None
    }

    fn program(&mut self, inventory: &Inventory) {
        let seen = &inventory.program;
        let place = || Some(Location::whole(seen.path.display().to_string()));
        let Some(facts) = self.missing(seen, "the program; job ZWEINPAX puts it there, and the PROC names its place", true) else { return };
        if facts.kind != FileKind::Regular {
            self.add(true, place(), "is no regular file: a local spawn takes neither a directory nor an external link");
            return;
        }
        if facts.size == 0 || facts.magic.starts_with(b"\x7fELF") || facts.magic.starts_with(b"#!") || facts.magic.starts_with(b"\x7b\x5a")
        {
            self.add(true, place(), "is no program of z/OS: empty, a script, or of another system");
        }
        if facts.mode & 0o111 != 0o111 {
            self.add(true, place(), format!("has mode {:04o} and may not be run by everybody: chmod 755", facts.mode));
        }
        if facts.mode & 0o1000 != 0 {
            self.add(true, place(), "has the sticky bit, so that the system looks for a load module instead (BPXM047I): chmod -t");
        }
        if facts.mode & 0o6000 != 0 {
            self.add(true, place(), format!("has mode {:04o}, a set-id bit: it needs none, and a local spawn is refused then", facts.mode));
        }
        if facts.mode & 0o022 != 0 {
            self.add(false, place(), format!("has mode {:04o}: whoever can write it runs as {}", facts.mode, inventory.names.user));
        }
        if let Tag::Text(ccsid) = facts.tag {
            self.add(true, place(), format!("is tagged as text in {ccsid}, so that it is converted when it is copied: chtag -b"));
        }
        let attributes = "must show p (program controlled, where BPX.DAEMON or BPX.SERVER are defined) and no a (APF)";
        self.note(format!("extended attributes: ls -E {} {attributes}; extattr +p and extattr -a set them", seen.path.display()));
    }

    fn files(&mut self, inventory: &Inventory) {
        let mut unknown = 0;
        for expected in &inventory.files {
            let Some(facts) = self.missing(&expected.seen, expected.purpose, expected.required) else { continue };
            let place = Some(Location::whole(expected.seen.path.display().to_string()));
            if facts.kind != expected.kind {
                let is = if expected.kind == FileKind::Directory { "no directory" } else { "no regular file" };
                self.add(expected.required, place, format!("is {is}: {}", expected.purpose));
                continue;
            }
            match facts.tag {
                Tag::Text(ccsid) if !expected.tags.is_empty() && !expected.tags.contains(&ccsid) => {
                    let known: Vec<String> = expected.tags.iter().map(ToString::to_string).collect();
                    self.add(
                        false,
                        place,
                        format!("is tagged {ccsid}; {} or no tag is expected: {}", known.join(" or "), expected.purpose),
                    );
                }
                Tag::Unknown if facts.kind == FileKind::Regular => unknown += 1,
                _ => {}
            }
        }
        if unknown > 0 {
            self.note(format!("the tags of {unknown} files are not known: this system does not tell; on z/OS `ls -T` shows them"));
        }
    }

    fn sizes(&mut self, inventory: &Inventory) {
        for (path, free) in &inventory.space {
            let place = Some(Location::whole(path.display().to_string()));
            match free {
                Ok(free) if *free < SPACE => {
                    self.add(false, place, format!("its file system has {} MiB left; logs need 100 or more", free >> 20))
                }
                Ok(_) => {}
                Err(error) => self.add(false, place, format!("the space of its file system is not known: {error}")),
            }
        }
        match &inventory.limits {
            Some(Ok(limits)) => {
                let asked = [("MEMLIMIT", limits.above_bar, ABOVE_BAR), ("ASSIZEMAX", limits.address_space, BELOW_BAR)];
                for (name, has, wanted) in asked {
                    if let Some(has) = has.filter(|has| *has < wanted) {
                        let text = format!("{name}: this process may have {} MiB, {} MiB or more are expected", has >> 20, wanted >> 20);
                        self.add(false, None, text);
                    }
                }
            }
            Some(Err(error)) => self.add(false, None, format!("the memory that this process may have is not known: {error}")),
            None => {}
        }
        let low: Vec<String> =
            inventory.ports.iter().filter(|(_, port)| *port <= LOW_PORT).map(|(component, port)| format!("{component} {port}")).collect();
        if !low.is_empty() {
            let text = format!("ports below 1024 ({}) need a PORT statement in the TCP/IP profile (RESTRICTLOWPORTS)", low.join(", "));
            self.add(false, None, text);
        }
        if !inventory.ports.is_empty() {
            let ports: Vec<String> = inventory.ports.iter().map(|(_, port)| port.to_string()).collect();
            self.note(format!(
                "ports {}: D TCPIP,,NETSTAT,PORTLIST shows what the TCP/IP profile reserves, and for which job names",
                ports.join(", ")
            ));
        }
        // Each has a shell and a program at least, and the launcher has two.
        let processes = 2 + 2 * inventory.launched;
        self.note(format!(
            "BPXPRMxx: D OMVS,O shows MAXPROCUSER ({processes} processes at least for {} components), MAXFILEPROC, MAXTHREADS, MAXASSIZE and MAXMMAPAREA; D OMVS,L how near they are",
            inventory.launched
        ));
    }

    fn security(&mut self, inventory: &Inventory) {
        let all = [Product::Racf, Product::Acf2, Product::TopSecret];
        let products: Vec<Product> = inventory.names.product.map_or_else(|| all.to_vec(), |one| vec![one]);
        for product in &products {
            let head = if products.len() > 1 { format!("{product}: ") } else { String::new() };
            self.note(format!("{head}{}", profiles::user_note(*product, &inventory.names)));
            for profile in PROFILES {
                self.note(format!("{head}{}", profile.note(*product, &inventory.names)));
            }
        }
    }
}

/// `4G`, `NOLIMIT` and the like, in bytes.
fn megabytes(text: &str) -> Option<u64> {
    if text == "NOLIMIT" {
        return Some(u64::MAX);
    }
    let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "M" => 20,
        "G" => 30,
        "T" => 40,
        "P" => 50,
        _ => return None,
    };
    digits.parse::<u64>().ok().map(|number| number.saturating_mul(1 << shift))
}

#[cfg(test)]
mod tests;
