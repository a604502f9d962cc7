//! Archives of other programs are installed, and those of `component pack` unpacked by other programs.

use super::{Site, shell, tree};
use crate::harness::program_or_skip;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

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
