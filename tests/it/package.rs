//! `zwelnch component list`, `install`, `upgrade`, `uninstall`, `enable`, `disable`, `search`, `pack`. Archives are those of other programs,
//! and those that nobody would make but to do harm.

use crate::harness::{Instance, program_or_skip, settled_program, text};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A configuration with comments, a runtime with one component, and a directory of extensions.
struct Site {
    place: tempfile::TempDir,
}

const CONFIG: &str = "# my Zowe\nzowe:\n  runtimeDirectory: @/runtime   # where\n  workspaceDirectory: @/workspace\n  extensionDirectory: @/ext\ncomponents:\n  # the gateway\n  gateway:\n    enabled: true  # yes\nhaInstances:\n  lpar1:\n    sysname: LPR1\n  lpar2: {sysname: LPR2}\n";

impl Site {
    fn new() -> Site {
        let site = Site { place: tempfile::Builder::new().prefix("zwelnch-package-").tempdir().unwrap() };
        site.write("runtime/components/gateway/manifest.yaml", "name: gateway\nid: org.zowe.gateway\nversion: 3.1.0\n");
        site.write("zowe.yaml", &CONFIG.replace('@', &site.place.path().display().to_string()));
        site
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.place.path().join(relative)
    }

    fn write(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn config(&self) -> String {
        fs::read_to_string(self.path("zowe.yaml")).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = settled_program();
        command.arg("component").args(arguments).current_dir(self.place.path()).env("CONFIG", self.path("zowe.yaml"));
        command.env_remove("ZWELNCH_SYSTEM").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that has to end with this code and to say all of these.
    fn expect(&self, arguments: &[&str], code: i32, said: &[&str]) -> String {
        let output = self.run(arguments);
        let all = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{all}");
        for said in said {
            assert!(all.contains(said), "{arguments:?}: {said} is missing in\n{all}");
        }
        all
    }

    /// A component's directory below `src`.
    fn source(&self, name: &str, version: &str, commands: &str) -> PathBuf {
        self.write(&format!("src/{name}/manifest.yaml"), &format!("name: {name}\nid: org.example.{name}\nversion: {version}\n{commands}"));
        self.path(&format!("src/{name}"))
    }

    /// Names in the directory of extensions, but for the lock.
    fn installed(&self) -> Vec<String> {
        let mut names: Vec<String> = match fs::read_dir(self.path("ext")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
            Err(_) => Vec::new(),
        };
        names.retain(|name| name != ".zwelnch-components.lock");
        names.sort();
        names
    }
}

/// What a directory holds: by name, what it is and what is in it. `modes`: and whether it is executable.
fn tree(directory: &Path, modes: bool) -> BTreeMap<String, String> {
    fn walk(at: &Path, root: &Path, modes: bool, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                walk(&path, root, modes, found);
                "directory".to_owned()
            } else {
                let executable = if modes && metadata.permissions().mode() & 0o100 != 0 { "x " } else { "" };
                format!("{executable}{}", String::from_utf8_lossy(&fs::read(&path).unwrap()))
            };
            found.insert(name, what);
        }
    }
    let mut found = BTreeMap::new();
    walk(directory, directory, modes, &mut found);
    found
}

fn shell(directory: &Path, script: &str) {
    let output = Command::new("sh").arg("-c").arg(script).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{script}: {}", text(&output));
}

/// A component with what archives find hard: long names, names that are not ASCII, links, an empty directory, bytes that are no text.
fn rich(site: &Site) -> PathBuf {
    let source = site.source("rich", "1.2.3", "commands:\n  start: bin/start.sh\n");
    let start = site.write("src/rich/bin/start.sh", "#!/bin/sh\nexec node\n");
    fs::set_permissions(start, fs::Permissions::from_mode(0o755)).unwrap();
    let long = format!("src/rich/{}/{}.txt", "d".repeat(90), "f".repeat(90));
    site.write(&long, "long");
    site.write("src/rich/docs/gr\u{fc}n \u{2713}.md", "names");
    fs::write(site.path("src/rich/data.bin"), (0..=255_u8).cycle().take(70_000).collect::<Vec<u8>>()).unwrap();
    fs::write(site.path("src/rich/empty"), "").unwrap();
    fs::create_dir(site.path("src/rich/nothing")).unwrap();
    source
}

#[test]
fn archives_of_other_programs_are_laid_down_as_they_were() {
    let site = Site::new();
    let source = rich(&site);
    let without_links = tree(&source, true);
    symlink("../data.bin", source.join("bin/data")).unwrap();
    symlink("bin", source.join("tools")).unwrap();
    let with_links = tree(&source, true);
    let mut ways: Vec<(&str, String, bool, bool)> = Vec::new();
    if program_or_skip("tar").is_some() {
        for format in ["ustar", "pax", "gnu"] {
            ways.push(("tar", format!("tar --format={format} -cf ../../a.{format}.tar ."), true, true));
        }
        ways.push(("tar.gz", "tar -czf ../../a.tar.gz *".to_owned(), true, true));
    }
    if program_or_skip("zip").is_some() {
        ways.push(("zip", "zip -qry ../../a.zip .".to_owned(), true, true));
    }
    if program_or_skip("jar").is_some() {
        // It follows links and keeps no permissions.
        ways.push(("jar", "jar cfM ../../a.jar.zip .".to_owned(), false, false));
    }
    if program_or_skip("python3").is_some() {
        for format in ["USTAR", "PAX", "GNU"] {
            let script = format!(
                "import tarfile; t = tarfile.open('../../py.{format}.pax', 'w', format=tarfile.{format}_FORMAT); t.add('.', '.'); t.close()"
            );
            ways.push(("python", format!("python3 -c \"{script}\""), true, true));
        }
        ways.push(("shutil", "python3 -c \"import shutil; shutil.make_archive('../../py', 'zip', '.')\"".to_owned(), false, true));
    }
    for (way, script, links, modes) in &ways {
        fs::remove_file(source.join("bin/data")).ok();
        fs::remove_file(source.join("tools")).ok();
        if *links {
            symlink("../data.bin", source.join("bin/data")).unwrap();
            symlink("bin", source.join("tools")).unwrap();
        }
        let before: Vec<PathBuf> = fs::read_dir(site.place.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        shell(&source, script);
        let made = fs::read_dir(site.place.path()).unwrap().map(|entry| entry.unwrap().path()).find(|path| !before.contains(path)).unwrap();
        site.expect(&["install", made.to_str().unwrap(), "--skip-enable"], 0, &["ZWEL1045I component rich 1.2.3 is installed in"]);
        let laid = tree(&site.path("ext/rich"), *modes);
        let expected = if *links { with_links.clone() } else { without_links.clone() };
        let expected: BTreeMap<String, String> = if *modes {
            expected
        } else {
            expected.into_iter().map(|(name, what)| (name, what.strip_prefix("x ").unwrap_or(&what).to_owned())).collect()
        };
        assert_eq!(laid, expected, "{way}: {script}");
        site.expect(&["uninstall", "rich"], 0, &["ZWEL1047I"]);
        assert_eq!(site.installed(), Vec::<String>::new());
        fs::remove_file(made).unwrap();
    }
}

#[test]
fn what_is_packed_is_what_other_programs_unpack_and_the_same_each_time() {
    let site = Site::new();
    let source = rich(&site);
    symlink("../data.bin", source.join("bin/data")).unwrap();
    site.write("src/rich/.gitignore", "*.log\nbuild/\n");
    site.write("src/rich/build/out.o", "x");
    site.write("src/rich/run.log", "x");
    site.write("src/rich/.git/config", "x");
    let mut expected = tree(&source, true);
    expected.retain(|name, _| !name.starts_with("build") && !name.starts_with(".git/") && name != ".git" && name != "run.log");
    let unpackers = [
        ("rich.pax", "tar", "tar -xf ../rich.pax 2>/dev/null"),
        ("rich.tar", "tar", "tar -xf ../rich.tar"),
        ("rich.tar.gz", "tar", "tar -xzf ../rich.tar.gz"),
        ("rich.zip", "unzip", "unzip -q ../rich.zip"),
        ("rich2.pax", "python3", "python3 -c \"import tarfile; tarfile.open('../rich2.pax').extractall('.')\""),
        (
            "rich2.zip",
            "python3",
            "python3 -c \"import zipfile; z = zipfile.ZipFile('../rich2.zip'); assert z.testzip() is None\" && unzip -q ../rich2.zip",
        ),
    ];
    for (archive, program, script) in unpackers {
        site.expect(
            &["pack", "src/rich", "-o", archive],
            0,
            &["ZWEL1063W build is not packed: git ignores it", "ZWEL1063W run.log is not packed", "ZWEL1062I", "sha256"],
        );
        let first = fs::read(site.path(archive)).unwrap();
        if program_or_skip(program).is_some() {
            let into = site.path("unpacked");
            fs::create_dir(&into).unwrap();
            shell(&into, script);
            assert_eq!(tree(&into, true), expected, "{archive} by {script}");
            fs::remove_dir_all(into).unwrap();
        }
        // Another time, other permissions of others, another directory.
        let moved = site.path("elsewhere");
        fs::rename(&source, &moved).unwrap();
        fs::set_permissions(moved.join("empty"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::File::options()
            .write(true)
            .open(moved.join("empty"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1))
            .unwrap();
        site.expect(&["pack", "elsewhere", "-o", archive], 0, &[]);
        fs::rename(&moved, &source).unwrap();
        assert!(fs::read(site.path(archive)).unwrap() == first, "{archive} has other bytes");
    }
    // Its name is that of the component.
    site.expect(&["pack", "src/rich"], 0, &["rich-1.2.3.pax"]);
    // What it says of tags, as z/OS reads it: LENGTH ZOS.taginfo=TEXT CCSID.
    let pax = String::from_utf8_lossy(&fs::read(site.path("rich.pax")).unwrap()).into_owned();
    assert_eq!(pax.matches("21 ZOS.taginfo=1 819\n").count(), 4, "start.sh, manifest.yaml, the long .txt, the .md");
    assert!(!String::from_utf8_lossy(&fs::read(site.path("rich.tar")).unwrap()).contains("ZOS."));
}

#[test]
fn what_does_not_run_elsewhere_is_not_packed() {
    let site = Site::new();
    let source =
        site.source("bad", "1.0.0", "commands:\n  start: bin/start.sh\n  configure: lib/made.sh\nschemas:\n  configs: /etc/passwd\n");
    site.write("src/bad/bin/start.sh", "#!/bin/sh\r\nexec node\r\n");
    site.write("src/bad/lib/made.sh", "true\n");
    site.write("src/bad/.gitignore", "lib/\n");
    symlink("/etc/passwd", source.join("passwd")).unwrap();
    symlink("../../zowe.yaml", source.join("out")).unwrap();
    nix::unistd::mkfifo(&source.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    site.expect(
        &["pack", "src/bad"],
        8,
        &[
            "ends with CR LF",
            "the link 'passwd' leads to the absolute path '/etc/passwd'",
            "the link 'out' leads to '../../zowe.yaml', which is outside of the package",
            "'pipe' is no file, directory or link",
            "the manifest names the absolute path '/etc/passwd'",
            "the manifest names 'lib/made.sh', which git ignores; pack with --include-ignored",
        ],
    );
    assert!(!site.path("bad-1.0.0.pax").exists());
    for (arguments, said) in [(&["pack", "src"][..], "no manifest.yaml"), (&["pack", "src/bad", "-o", "x.rar"], "none of the endings")] {
        site.expect(arguments, 8, &["ZWEL1061E", said]);
    }
    // A pipe is not waited for.
    site.expect(&["install", "src/bad/pipe"], 8, &["it is no file and no directory"]);
}

/// One entry of a tar.
fn tar_entry(name: &[u8], flag: u8, link: &str, content: &[u8], mode: u32) -> Vec<u8> {
    let mut block = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name);
    put(100, format!("{mode:07o}").as_bytes());
    put(124, format!("{:011o}", content.len()).as_bytes());
    put(148, b"        ");
    put(156, &[flag]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = block.to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &str) -> Vec<u8> {
    tar_entry(name.as_bytes(), b'0', "", content.as_bytes(), 0o644)
}

fn link(name: &str, target: &str) -> Vec<u8> {
    tar_entry(name.as_bytes(), b'2', target, b"", 0o777)
}

fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let manifest = file("manifest.yaml", "name: evil\nid: org.example.evil\nversion: 1.0.0\n");
    let mut bytes = [vec![manifest], entries.to_vec()].concat().concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// One entry of a zip: name, what is stored, the size that is said, the external attributes.
struct Zipped<'a> {
    name: &'a [u8],
    content: &'a [u8],
    said: u32,
    method: u16,
    mode: u32,
    /// Where the directory says that it is, if not where it is.
    at: Option<u32>,
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn zip(entries: &[Zipped<'_>]) -> Vec<u8> {
    let manifest = b"name: evil\nid: org.example.evil\nversion: 1.0.0\n";
    let first = Zipped { name: b"manifest.yaml", content: manifest, said: manifest.len() as u32, method: 0, mode: 0o100_644, at: None };
    let (mut bytes, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for entry in std::iter::once(&first).chain(entries) {
        let at = bytes.len() as u32;
        let mut common = Vec::new();
        for number in [20, 0, entry.method, 0, 0x21] {
            common.extend(u16::to_le_bytes(number));
        }
        for number in [crc(entry.content), entry.content.len() as u32, entry.said] {
            common.extend(number.to_le_bytes());
        }
        common.extend((entry.name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(entry.name);
        bytes.extend(entry.content);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(entry.at.unwrap_or(at).to_le_bytes());
        directory.extend(entry.name);
        count += 1;
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn stored<'a>(name: &'a [u8], content: &'a [u8], mode: u32) -> Zipped<'a> {
    Zipped { name, content, said: content.len() as u32, method: 0, mode, at: None }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A pax header with these records.
fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let length = (1..9).find(|digits| (rest.len() + digits).to_string().len() == *digits).unwrap() + rest.len();
        format!("{length}{rest}")
    };
    tar_entry(b"x", b'x', "", records.iter().map(record).collect::<String>().as_bytes(), 0o644)
}

#[test]
fn an_archive_that_would_do_harm_is_refused_and_nothing_has_changed() {
    let site = Site::new();
    let outside = site.write("outside/victim", "as it was");
    let absolute = outside.to_str().unwrap().trim_start_matches('/').to_owned();
    let there = |name: &str| format!("/{name}");
    let truncated = |bytes: Vec<u8>, left: usize| bytes[..bytes.len() - left].to_vec();
    let large = "x".repeat(3000);
    let deep = "d/".repeat(70) + "f";
    let many: Vec<Vec<u8>> = (0..100_001).map(|number| file(&format!("f{number}"), "")).collect();
    let zeros = vec![0_u8; 120 << 20];
    let mut unsound = tar(&[file("a", "a")]);
    unsound[1024 + 20] ^= 1;
    let binary_size = {
        let mut entry = file("a", "a");
        entry[124..136].copy_from_slice(&[0xff; 12]);
        entry[148..156].copy_from_slice(b"        ");
        let sum: u32 = entry[..512].iter().map(|byte| u32::from(*byte)).sum();
        entry[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar(&[entry])
    };
    let hostile: Vec<(&str, Vec<u8>, &str)> = vec![
        ("dots", tar(&[file("../victim", "x")]), "leaves the directory"),
        ("dots inside", tar(&[file("a/../../victim", "x")]), "leaves the directory"),
        ("absolute", tar(&[file(&there("tmp/x"), "x")]), "leaves the directory"),
        ("absolute in pax", tar(&[pax(&[("path", &there(&absolute))]), file("a", "x")]), "leaves the directory"),
        ("dots in gnu", tar(&[tar_entry(b"././@LongLink", b'L', "", b"../victim\0", 0o644), file("a", "x")]), "leaves the directory"),
        ("nul", tar(&[pax(&[("path", "a\0b")]), file("a", "x")]), "has a byte that is 0"),
        ("not UTF-8", tar(&[tar_entry(b"\xff\xfe", b'0', "", b"x", 0o644)]), "not UTF-8"),
        ("link out", tar(&[link("l", "../../outside")]), "outside of the package"),
        ("link to all", tar(&[link("l", "/")]), "outside of the package"),
        ("through a link", tar(&[link("l", "../outside"), file("l/victim", "x")]), "outside of the package"),
        ("through a link inside", tar(&[tar_entry(b"d", b'5', "", b"", 0o755), link("l", "d"), file("l/x", "x")]), "no directory"),
        (
            "link by link",
            tar(&[tar_entry(b"d", b'5', "", b"", 0o755), link("d/u", ".."), link("l", "d/u/../../outside")]),
            "outside of the package",
        ),
        ("dangling", tar(&[link("l", "not/here")]), "outside of the package"),
        ("a link in a circle", tar(&[link("l", "l")]), "leads nowhere"),
        ("hard link out", tar(&[tar_entry(b"h", b'1', "../../outside/victim", b"", 0o644)]), "leaves the directory"),
        ("hard link to all", tar(&[tar_entry(b"h", b'1', &there(&absolute), b"", 0o644)]), "leaves the directory"),
        ("hard link to a link", tar(&[link("l", "manifest.yaml"), tar_entry(b"h", b'1', "l", b"", 0o644)]), "no file that came before"),
        ("file over a link", tar(&[link("l", "manifest.yaml"), file("l", "x")]), "is there twice"),
        ("twice", tar(&[file("a", "1"), file("./a", "2")]), "is there twice"),
        ("file below a file", tar(&[file("a", "1"), file("a/b", "2")]), "no directory"),
        ("directory over a file", tar(&[file("a", "1"), tar_entry(b"a", b'5', "", b"", 0o755)]), "is there twice"),
        ("device", tar(&[tar_entry(b"d", b'3', "", b"", 0o666)]), "a character device"),
        ("block device", tar(&[tar_entry(b"d", b'4', "", b"", 0o666)]), "a block device"),
        ("pipe", tar(&[tar_entry(b"d", b'6', "", b"", 0o666)]), "a pipe"),
        ("sparse", tar(&[tar_entry(b"d", b'S', "", b"", 0o666)]), "a sparse file"),
        ("unknown", tar(&[tar_entry(b"d", b'Q', "", b"", 0o666)]), "a type that is not known"),
        ("long name", tar(&[pax(&[("path", &large)]), file("a", "x")]), "too long"),
        ("deep", tar(&[pax(&[("path", &deep)]), file("a", "x")]), "too many steps"),
        ("large headers", tar(&[tar_entry(b"x", b'x', "", &vec![b'1'; 2 << 20], 0o644)]), "extended headers"),
        ("record that is none", tar(&[tar_entry(b"x", b'x', "", b"99 path=a\n", 0o644), file("a", "x")]), "record of an extended header"),
        ("size of 2^90", binary_size, "out of range"),
        ("size that is not there", tar(&[pax(&[("size", "999999")]), file("a", "x")]), "not transferred whole"),
        ("truncated", truncated(tar(&[file("a", &large)]), 2048), "not transferred whole"),
        ("truncated between", truncated(tar(&[file("a", "x")]), 1024), "not transferred whole"),
        ("unsound", unsound, "sum does not fit"),
        ("many", tar(&many), "more than 100000 entries"),
        ("bomb", gzip(&tar(&[tar_entry(b"zeros", b'0', "", &zeros, 0o644)])), "200 times as large"),
        ("gzip truncated", truncated(gzip(&tar(&[file("a", &large)])), 30), "not transferred whole"),
        ("cpio", b"070701".repeat(200), "a cpio archive"),
        ("text", b"name: evil\n".repeat(200), "pax, tar, tar.gz or zip"),
        ("empty", Vec::new(), "an empty file"),
        ("zip dots", zip(&[stored(b"../victim", b"x", 0o100_644)]), "leaves the directory"),
        ("zip absolute", zip(&[stored(b"/tmp/x", b"x", 0o100_644)]), "leaves the directory"),
        ("zip backslash out", zip(&[stored(b"a/../../victim", b"x", 0o100_644)]), "leaves the directory"),
        ("zip nul", zip(&[stored(b"a\0b", b"x", 0o100_644)]), "has a byte that is 0"),
        ("zip link out", zip(&[stored(b"l", b"../../outside", 0o120_777)]), "outside of the package"),
        (
            "zip through a link",
            zip(&[stored(b"l", b"../outside", 0o120_777), stored(b"l/victim", b"x", 0o100_644)]),
            "outside of the package",
        ),
        ("zip pipe", zip(&[stored(b"p", b"", 0o010_644)]), "a pipe"),
        ("zip twice", zip(&[stored(b"a", b"1", 0o100_644), stored(b"a", b"2", 0o100_644)]), "twice"),
        ("zip says more", zip(&[Zipped { said: 400, ..stored(b"a", b"x", 0o100_644) }]), "damaged"),
        ("zip says less", zip(&[Zipped { said: 1, ..stored(b"a", b"xyz", 0o100_644) }]), "damaged"),
        ("zip overlaps", zip(&[Zipped { at: Some(0), ..stored(b"a", b"x", 0o100_644) }]), "damaged"),
        (
            "zip unsound",
            {
                let mut bytes = zip(&[stored(b"a", b"xyz", 0o100_644)]);
                let at = bytes.windows(4).position(|four| four == b"axyz").unwrap();
                bytes[at + 1] ^= 1;
                bytes
            },
            "damaged",
        ),
        ("zip truncated", truncated(zip(&[stored(b"a", b"xyz", 0o100_644)]), 30), "not transferred whole"),
    ];
    let before = site.config();
    for (what, bytes, why) in hostile {
        let archive = site.path("evil.pax");
        fs::write(&archive, bytes).unwrap();
        let output = site.run(&["install", "evil.pax"]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(8), "{what}: {said}");
        assert!(said.contains("ZWEL1050E evil.pax: cannot be done - ") && said.contains(why), "{what}: {why} is missing in {said}");
        assert_eq!(site.installed(), Vec::<String>::new(), "{what}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "as it was", "{what}");
        assert_eq!(fs::read_dir(outside.parent().unwrap()).unwrap().count(), 1, "{what}");
        assert!(!site.path("victim").exists() && !site.path("ext/victim").exists(), "{what}");
    }
    assert_eq!(site.config(), before);
}

#[test]
fn what_is_odd_about_an_archive_is_said_and_does_no_harm() {
    let site = Site::new();
    let mut bytes = tar(&[
        tar_entry(b"bin/root", b'0', "", b"x", 0o6777),
        file("Name", "1"),
        file("name", "2"),
        tar_entry(b"/tmp/OS390_USTAR_SUMMARY_919026474", b'S', "", b"special", 0o644),
        pax(&[("ZOS.taginfo", "1 819"), ("comment", "no harm")]),
        file("tagged", "x"),
        tar_entry(b"hard", b'1', "tagged", b"", 0o644),
    ]);
    bytes.extend(b"and then some");
    fs::write(site.path("odd.tar"), bytes).unwrap();
    site.expect(
        &["install", "odd.tar"],
        0,
        &[
            "1 entries came with setuid",
            "it goes on after its end",
            "1 special headers of z/OS",
            "5 files",
            "1 with tags of z/OS",
            "ZWEL1045I",
        ],
    );
    let mode = fs::metadata(site.path("ext/evil/bin/root")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(fs::read_to_string(site.path("ext/evil/hard")).unwrap(), "x");
    assert_eq!(fs::read_to_string(site.path("ext/evil/Name")).unwrap(), "1");
    // zip with a comment at its end is one.
    let mut bytes = zip(&[stored(b"a", b"x", 0o100_644)]);
    let end = bytes.len();
    bytes[end - 2] = 4;
    bytes.extend(b"note");
    fs::write(site.path("odd.zip"), bytes).unwrap();
    site.expect(&["upgrade", "odd.zip"], 0, &["ZWEL1046I component evil is upgraded from 1.0.0 to 1.0.0"]);
    assert!(!site.path("ext/evil/hard").exists());
}

/// Ids and exit codes are zwe's: its `.errors` files, and the number modulo 256.
#[test]
fn commands_end_as_those_of_zwe() {
    let site = Site::new();
    site.source("mine", "1.0.0", "");
    site.source("unnamed", "1.0.0", "");
    fs::write(site.path("src/unnamed/manifest.yaml"), "id: x\n").unwrap();
    site.source("gateway", "9.9.9", "");
    site.expect(&["install", "-o", "src/mine"], 0, &["Installing file or folder=src/mine", "ZWEL1045I", "ZWEL1057I"]);
    let said = |id: u32, text: &str| (i32::try_from(id % 256).unwrap(), format!("ZWEL0{id}{text}"));
    let ext = site.path("ext").display().to_string();
    for (arguments, (code, text)) in [
        (
            vec!["install", "-o", "src/mine"],
            said(
                155,
                &format!(
                    "E Component mine already exists in {ext}. If you meant to upgrade this component, run the command 'zwe components upgrade' instead."
                ),
            ),
        ),
        (vec!["install", "src/gateway"], said(155, "E Component gateway already exists in")),
        (vec!["install", "src/unnamed"], said(167, "E Cannot find component name from src/unnamed package manifest.")),
        (vec!["install", "all"], said(314, "E Cannot install with component=all. This option only exists for upgrade.")),
        (
            vec!["install", "nothing.pax"],
            (255, "ZWEL0315E Handler (-handler or zowe.extensionRegistry.defaultHandler) required but not specified.".to_owned()),
        ),
        (vec!["enable", "--component-name", "nix"], said(152, "E Cannot find component nix.")),
        (vec!["disable", "-o", "../x"], said(152, "E Cannot find component ../x.")),
        (
            vec!["uninstall", "-o", "gateway"],
            said(
                307,
                "E Component gateway cannot be uninstalled, because it is a core component. If you do not want to use it, disable it instead.",
            ),
        ),
        (vec!["uninstall", "nix"], said(306, "W Component nix cannot be uninstalled, because it is not currently installed.")),
        (vec!["uninstall", ".."], said(306, "W Component .. cannot be uninstalled, because it is not currently installed.")),
        (vec!["search"], said(310, "E Component name (-name|-n) or id (-id,-d) required but not specified.")),
        (
            vec!["search", "-d", "org.x"],
            said(311, "E Handler (-handler,-h or zowe.extensionRegistry.defaultHandler) required but not specified."),
        ),
    ] {
        site.expect(&arguments, code, &[&text]);
    }
    site.expect(&["install", "mine"], 0, &["Already installed"]);
    site.expect(&["search", "mine"], 55, &["Component mine (org.example.mine) status: ENABLED version: 1.0.0"]);
    site.expect(&["search", "nix"], 55, &["Component nix status: UNINSTALLED"]);
    assert_eq!(site.installed(), ["mine"]);
    // Without a place for extensions, and with the worst one.
    let with = site.config();
    fs::write(site.path("zowe.yaml"), with.replace(&format!("  extensionDirectory: {ext}\n"), "")).unwrap();
    site.expect(
        &["install", "src/mine"],
        180,
        &["ZWEL0180E Zowe extension directory (zowe.extensionDirectory) is not defined in Zowe YAML"],
    );
    fs::write(site.path("zowe.yaml"), with.replace(&ext, "/")).unwrap();
    site.expect(&["install", "src/mine"], 153, &["ZWEL0153E Cannot install Zowe component to system root directory."]);
    site.write("file", "");
    fs::write(site.path("zowe.yaml"), with.replace(&ext, &site.path("file/below").display().to_string())).unwrap();
    site.expect(&["install", "src/mine"], 139, &["ZWEL0139E Failed to create directory"]);
}

#[test]
fn a_directory_is_linked_and_what_is_left_of_it_is_said() {
    let site = Site::new();
    let source = site.source("mine", "1.0.0", "");
    site.write("workspace/mine/state", "x");
    site.write("workspace/api-mediation/api-defs/mine.api_yml.lpar1.yml", "x");
    site.expect(
        &["install", "src/mine", "-c", site.path("zowe.yaml").to_str().unwrap()],
        0,
        &["ZWEL1048I components.mine.enabled is set to true"],
    );
    assert_eq!(fs::read_link(site.path("ext/mine")).unwrap(), source);
    let listed = site.expect(&["list"], 0, &["mine     1.0.0    extension  yes"]);
    assert!(listed.contains("gateway  3.1.0    core       yes"), "{listed}");
    site.expect(&["disable", "mine", "-i", "lpar2"], 0, &["haInstances.lpar2.components.mine.enabled is set to false"]);
    site.expect(&["list"], 0, &["extension  lpar1"]);
    let json: serde_json::Value = serde_json::from_slice(&site.run(&["list", "--format", "json"]).stdout).unwrap();
    let mine = json["components"].as_array().unwrap().iter().find(|component| component["name"] == "mine").unwrap().clone();
    assert_eq!((&mine["enabledPerInstance"]["lpar1"], &mine["enabledPerInstance"]["lpar2"]), (&true.into(), &false.into()));
    site.expect(
        &["uninstall", "mine"],
        0,
        &[
            "ZWEL1047I component mine is uninstalled",
            "left behind: its settings, components.mine",
            "left behind: its settings, haInstances.lpar2.components.mine",
            "left behind: its workspace,",
            "left behind: its static definition,",
        ],
    );
    // The link has gone, and not what it led to.
    assert!(site.installed().is_empty() && source.join("manifest.yaml").exists());
    assert!(site.config().contains("  mine:\n    enabled: false\n"));
}

#[test]
fn every_edit_leaves_the_rest_of_the_configuration_as_it_is() {
    let site = Site::new();
    site.source("mine", "1.0.0", "");
    let before = site.config();
    fs::set_permissions(site.path("zowe.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::rename(site.path("zowe.yaml"), site.path("real.yaml")).unwrap();
    symlink("real.yaml", site.path("zowe.yaml")).unwrap();
    let shown = site.expect(&["disable", "gateway", "--dry-run"], 0, &["-    enabled: true  # yes\n+    enabled: false  # yes\n"]);
    assert_eq!(site.config(), before);
    // What is shown is what patch takes.
    if program_or_skip("patch").is_some() {
        fs::write(site.path("difference"), &shown).unwrap();
        fs::write(site.path("patched"), &before).unwrap();
        shell(site.place.path(), "patch -s patched difference");
        assert_eq!(fs::read_to_string(site.path("patched")).unwrap(), before.replace("true  # yes", "false  # yes"));
    }
    site.expect(&["disable", "gateway"], 0, &["ZWEL1048I components.gateway.enabled is set to false"]);
    assert_eq!(site.config(), before.replace("true  # yes", "false  # yes"));
    site.expect(&["disable", "gateway"], 0, &["ZWEL1049I components.gateway.enabled is false"]);
    site.expect(&["enable", "gateway"], 0, &[]);
    assert_eq!(site.config(), before);
    site.expect(&["install", "src/mine"], 0, &[]);
    assert_eq!(site.config(), before.replace("components:\n  #", "components:\n  mine:\n    enabled: true\n  #"));
    assert_eq!(fs::metadata(site.path("real.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(site.path("zowe.yaml")).unwrap().is_symlink());
    site.expect(
        &["enable", "gateway", "-i", "lpar7"],
        8,
        &["ZWEL1052E lpar7 is no HA instance of this configuration; there are: lpar1, lpar2"],
    );
    // What cannot be edited in place is refused, not written anew without its comments.
    let odd = before.replace("  gateway:\n    enabled: true  # yes\n", "  gateway: &g\n    enabled: true\n  other: *g\n");
    fs::write(
        site.path("real.yaml"),
        odd.replace("# my Zowe\n", "# my Zowe\nanchor: &e\n  enabled: true\n")
            .replace("gateway: &g\n    enabled: true\n  other: *g", "gateway: *e"),
    )
    .unwrap();
    let before = site.config();
    site.expect(&["disable", "gateway"], 8, &["ZWEL1051E components.gateway.enabled cannot be set in", "edit it by hand"]);
    assert_eq!(site.config(), before);
}

#[test]
fn a_member_of_parmlib_is_edited_record_by_record() {
    let site = Site::new();
    let records: String = site.config().lines().map(|line| format!("{line:<120}\n")).collect();
    let member = site.write("data/USER.PARMLIB/ZWEYAML", &records);
    let config = "PARMLIB(USER.PARMLIB(ZWEYAML))";
    let run =
        |arguments: &[&str]| site.command(arguments).env("CONFIG", config).env("ZWELNCH_DATASETS", site.path("data")).output().unwrap();
    let output = run(&["disable", "gateway"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("is set to false in USER.PARMLIB(ZWEYAML)"), "{}", text(&output));
    let after = fs::read_to_string(&member).unwrap();
    let changed = format!("{:<120}\n", "    enabled: false  # yes");
    assert_eq!(after, records.replace(&format!("{:<120}\n", "    enabled: true  # yes"), &changed));
    // In the code page of z/OS, as it was.
    let ebcdic = zwelnch::platform::ebcdic::to_ibm_1047(&records);
    fs::write(&member, &ebcdic).unwrap();
    assert_eq!(run(&["disable", "gateway"]).status.code(), Some(0));
    assert_eq!(zwelnch::platform::ebcdic::ibm_1047(&fs::read(&member).unwrap()), after);
}

#[test]
fn the_install_command_runs_as_zwe_runs_it() {
    let site = Site::new();
    site.write("runtime/bin/libs/configmgr-index.sh", "from_library() { echo \"library says $1\"; }\n");
    site.source("one", "1.0.0", "commands:\n  install: bin/install.sh first 'a b'\n");
    // Not executable: it is sourced. The code of its last command does not count.
    site.write("src/one/bin/install.sh", "from_library \"$(pwd): $# $2\"\nexport FROM_ONE='kept  as it is'\ntest -n ''\n");
    let all = site.expect(
        &["install", "src/one"],
        0,
        &["Process ", "defined in manifest commands.install:", "- commands.install output from one is:"],
    );
    assert!(all.contains(&format!("library says {}/ext/one: 2 a b", site.place.path().display())), "{all}");
    // One that ends with a code: it stays, is not enabled, and the command ends with that code.
    site.source("two", "1.0.0", "commands:\n  install: bin/install.sh\n");
    site.write("src/two/bin/install.sh", "echo before; exit 7\n");
    site.expect(&["install", "src/two"], 7, &["before", "ZWEL1055E component two: commands.install ended with"]);
    assert!(site.path("ext/two/manifest.yaml").exists() && !site.config().contains("two:"));
    // One that leaves its directory, or is not there, is not begun.
    for (name, file) in [("three", "../../zowe.yaml"), ("four", "bin/none.sh")] {
        site.source(name, "1.0.0", &format!("commands:\n  install: {file}\n"));
        site.expect(&["install", &format!("src/{name}")], 8, &["commands.install"]);
        assert!(!site.path(&format!("ext/{name}")).exists());
    }
}

#[test]
fn what_was_there_stays_until_the_new_one_is_good() {
    let site = Site::new();
    let packed = |version: &str, commands: &str| {
        let source = site.source("mine", version, commands);
        shell(&source, "tar -cf ../../mine.tar .");
    };
    packed("1.0.0", "");
    site.expect(&["install", "mine.tar"], 0, &[]);
    site.write("ext/mine/kept", "x");
    packed("2.0.0", "commands:\n  start: bin/none.sh\n");
    site.expect(&["upgrade", "mine.tar"], 8, &["ZWEL1050E", "commands.start"]);
    assert!(site.path("ext/mine/kept").exists());
    assert_eq!(site.installed(), ["mine"]);
    packed("2.0.0", "");
    site.expect(&["disable", "mine"], 0, &[]);
    site.expect(&["upgrade", "mine.tar", "-d"], 0, &["component mine 2.0.0 would be upgraded"]);
    assert!(site.path("ext/mine/kept").exists());
    site.expect(&["upgrade", "mine.tar"], 0, &["ZWEL1046I component mine is upgraded from 1.0.0 to 2.0.0"]);
    assert!(!site.path("ext/mine/kept").exists() && site.config().contains("  mine:\n    enabled: false\n"));
    // What a killed command has left goes with the next one.
    site.write("ext/.zwelnch-package.1.0.tmp/content/x", "x");
    site.expect(&["upgrade", "mine.tar"], 0, &[]);
    assert_eq!(site.installed(), ["mine"]);
    // An upgrade that was killed between its two renames.
    fs::rename(site.path("ext/mine"), site.path("ext/.mine.zwebkp")).unwrap();
    site.expect(&["install", "mine.tar"], 155, &["ZWEL1054W component mine is there again in"]);
    assert_eq!(site.installed(), ["mine"]);
    // A package of a directory, not of its content.
    shell(&site.path("src"), "tar -cf ../nested.tar mine");
    site.expect(&["upgrade", "nested.tar"], 167, &["ZWEL0167E", "its manifest is in 'mine'; pack what is in that directory"]);
}

#[test]
fn one_command_at_a_time_changes_the_extensions() {
    let site = Site::new();
    site.source("slow", "1.0.0", "commands:\n  install: bin/install.sh\n");
    site.source("other", "1.0.0", "");
    shell(site.place.path(), "mkfifo begun go");
    site.write("src/slow/bin/install.sh", &format!("cd {}\necho > begun\nread line < go\n", site.place.path().display()));
    let mut first = site.command(&["install", "src/slow"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // It has the lock once its script runs.
    fs::read(site.path("begun")).unwrap();
    site.expect(&["install", "src/other"], 8, &["ZWEL1053E", "is being changed by another command"]);
    fs::write(site.path("go"), "\n").unwrap();
    assert!(first.wait().unwrap().success());
    site.expect(&["install", "src/other"], 0, &["ZWEL1045I"]);
}

/// The protocol of docs.zowe.org: variables in, a line of the output out. `configmgr` is played by sh.
#[test]
fn a_registry_is_asked_by_its_handler() {
    let site = Site::new();
    site.source("dep", "1.0.0", "");
    site.source("mine", "2.0.0", "");
    let engine = site.write("runtime/bin/utils/configmgr", "#!/bin/sh\n[ \"$1\" = -script ] || exit 99\nexec sh \"$2\"\n");
    fs::set_permissions(engine, fs::Permissions::from_mode(0o755)).unwrap();
    let place = site.place.path().display().to_string();
    site.write(
        "it's a handler.js",
        &format!(
            "echo \"$ZWE_CLI_REGISTRY_COMMAND $ZWE_CLI_PARAMETER_COMPONENT_NAME at $ZWE_CLI_PARAMETER_REGISTRY by $ZWE_CLI_PARAMETER_HANDLER dry=$ZWE_CLI_REGISTRY_DRY_RUN ext=$ZWE_zowe_extensionDirectory more=$ZWE_zowe_extensionRegistry_handlers_stub_more\" >> {place}/asked\necho noise\ncase \"$ZWE_CLI_REGISTRY_COMMAND $ZWE_CLI_PARAMETER_COMPONENT_NAME\" in\n'install mine') echo ZWE_CLI_PARAMETER_COMPONENT_FILE={place}/src/dep,{place}/src/mine;;\n'install half') echo ZWE_CLI_PARAMETER_COMPONENT_FILE=null,{place}/src/dep;;\n'upgrade dep,mine') echo ZWE_CLI_PARAMETER_COMPONENT_FILE={place}/src/mine;;\n'uninstall mine') echo ZWE_CLI_PARAMETER_COMPONENT_NAME=mine,dep,gateway,nix;;\nsearch*) echo found it;;\n'install bad') echo it failed; exit 5;;\n*) echo ZWE_CLI_PARAMETER_COMPONENT_FILE=null;;\nesac\n"
        ),
    );
    let with = format!("{}\n", site.config().replace(
        "components:\n",
        &format!("  extensionRegistry:\n    defaultHandler: stub\n    handlers:\n      stub: {{registry: 'https://r/a b', path: \"{place}/it's a handler.js\", more: '$(touch {place}/pwned)'}}\n      gone: {{registry: r, path: /not/here.js}}\ncomponents:\n"),
    ));
    fs::write(site.path("zowe.yaml"), with).unwrap();
    site.expect(&["search", "mine"], 0, &["Component mine status: UNINSTALLED", "Calling handler 'stub' to search for mine", "found it"]);
    site.expect(&["install", "mine", "--dry-run"], 0, &["would be installed"]);
    site.expect(&["install", "mine", "-r", "other"], 0, &["component dep 1.0.0 is installed", "component mine 2.0.0 is installed"]);
    assert_eq!(site.installed(), ["dep", "mine"]);
    site.expect(&["upgrade", "all"], 0, &["ZWEL1046I component mine is upgraded from 2.0.0 to 2.0.0"]);
    site.expect(
        &["uninstall", "mine"],
        4,
        &["Identified 4 components", "ZWEL0309W Skipping removal of component gateway", "ZWEL0312W Component nix marked"],
    );
    assert!(site.installed().is_empty());
    site.expect(
        &["install", "half"],
        49,
        &["ZWEL0305E Could not find one of the components' directories.", "component dep 1.0.0 is installed"],
    );
    site.expect(
        &["install", "bad"],
        48,
        &["Handler install exited with rc=5", "it failed", "ZWEL0304E Handler install failure, cannot continue."],
    );
    site.expect(&["install", "none"], 48, &["ZWEL0304E"]);
    site.expect(&["install", "x", "--handler", "gone"], 8, &["ZWEL1059E registry handler gone cannot be run", "/not/here.js is not there"]);
    site.expect(&["install", "x", "--handler", "no"], 8, &["zowe.extensionRegistry.handlers.no is not set"]);
    let asked = fs::read_to_string(site.path("asked")).unwrap();
    let first = asked.lines().next().unwrap();
    assert_eq!(first, format!("search mine at https://r/a b by stub dry=false ext={place}/ext more=$(touch {place}/pwned)"));
    assert!(
        asked.contains("install mine at https://r/a b by stub dry=true") && asked.contains("install mine at other by stub dry=false"),
        "{asked}"
    );
    assert!(!site.path("pwned").exists());
}

#[test]
fn a_running_instance_takes_up_what_was_installed_with_reload() {
    let instance = Instance::new().component("one", "cat", "");
    let extensions = instance.path("ext");
    let mut running = instance.up();
    let config = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), config.replace("zowe:\n", &format!("zowe:\n  extensionDirectory: {}\n", extensions.display()))).unwrap();
    fs::create_dir_all(instance.path("src/late/bin")).unwrap();
    fs::write(instance.path("src/late/manifest.yaml"), "name: late\nid: org.example.late\ncommands:\n  start: bin/start.sh\n").unwrap();
    fs::write(instance.path("src/late/bin/start.sh"), "echo late is here\nexec sleep 1000\n").unwrap();
    let output = instance.launcher(&["component", "install", instance.path("src/late").to_str().unwrap()]).output().unwrap();
    assert!(output.status.success() && text(&output).contains("ZWEL1057I"), "{}", text(&output));
    instance.modify("RELOAD");
    running.wait_for("late is here");
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait_end(), 0);
}
