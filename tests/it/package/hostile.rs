//! Archives that nobody would make but to do harm, and those that are only odd. They are made here, byte by byte.

use super::Site;
use crate::harness::text;
use std::fs;
use std::os::unix::fs::PermissionsExt;

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
        ("link by link to what is there", tar(&[link("d/e/u", "../.."), link("l", "d/e/u/../../../outside")]), "outside of the package"),
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
