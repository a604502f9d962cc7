use super::*;
use std::os::unix::fs::PermissionsExt;

fn log(directory: &Path, size: u64, count: u32) -> LogFile {
    LogFile::new(LogSettings { path: directory.join("c-lpar1.log"), size, count })
}

fn names(directory: &Path) -> Vec<(String, String)> {
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap());
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| read(entry.unwrap())).collect();
    names.sort();
    names
}

fn expected(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn rotated_by_size_and_count() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 10, 2);
    for number in 0..5 {
        file.write(format!("line {number}\n").as_bytes(), true, Duration::ZERO).unwrap();
    }
    file.write(b"more ", false, Duration::ZERO).unwrap();
    let of_five = [("c-lpar1.log", "line 4\nmore "), ("c-lpar1.log.1", "line 3\n"), ("c-lpar1.log.2", "line 2\n")];
    assert_eq!(names(directory.path()), expected(&of_five));
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o137, 0, "mode 640");
    let mut none = log(directory.path(), 10, 0);
    none.write(b"0123456789\n", true, Duration::ZERO).unwrap();
    assert_eq!(fs::read_to_string(none.path()).unwrap(), "0123456789\n");
}

#[test]
fn a_block_of_many_lines_fills_several_files_and_a_line_is_never_torn() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 10, 3);
    file.write(b"1\n2\n3\n4\n5\n6\n0123456789abc\nend\n", true, Duration::ZERO).unwrap();
    let files =
        [("c-lpar1.log", "end\n"), ("c-lpar1.log.1", "0123456789abc\n"), ("c-lpar1.log.2", "6\n"), ("c-lpar1.log.3", "1\n2\n3\n4\n5\n")];
    assert_eq!(names(directory.path()), expected(&files));
}

#[test]
fn rotation_on_request_and_after_somebody_else_has_moved_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 1000, 3);
    file.write(b"a\n", true, Duration::ZERO).unwrap();
    file.rotate(Duration::ZERO).unwrap();
    file.write(b"b\n", true, Duration::ZERO).unwrap();
    fs::rename(file.path(), directory.path().join("moved")).unwrap();
    file.rotate(Duration::ZERO).unwrap();
    file.write(b"c\n", true, Duration::ZERO).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "c\n"), ("c-lpar1.log.1", "a\n"), ("moved", "b\n")]));
}

#[test]
fn a_failure_is_told_once_and_what_is_missing_when_it_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("elsewhere");
    let mut file = log(directory.path(), 1000, 3);
    std::os::unix::fs::symlink(&target, file.path()).unwrap();
    let second = Duration::from_secs(1);
    assert!(file.write(b"one\n", true, second).is_err(), "a symbolic link is not followed");
    assert!(file.write(b"two\n", true, 2 * second).is_ok());
    assert!(file.write(b"two\n", true, 62 * second).is_ok(), "tried again, failed again, said once");
    fs::remove_file(file.path()).unwrap();
    file.write(b"last\n", true, 123 * second).unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.starts_with("\n-- about 12 bytes are missing here: ") && text.ends_with("\nlast\n"), "{text}");
    assert!(!target.exists());
}

#[test]
fn only_a_regular_file_is_a_log_and_nobody_waits_for_another() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 1000, 3);
    nix::unistd::mkfifo(file.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(file.write(b"one\n", true, Duration::ZERO).is_err());
}

const SECOND: Duration = Duration::from_secs(1);

fn in_the_way(result: Result<(), Fault>) -> String {
    match result {
        Err(Fault::NotRotated(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_truncated_file_is_as_long_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 10, 1);
    file.write(b"0123456\n", true, SECOND).unwrap();
    File::options().write(true).open(file.path()).unwrap().set_len(0).unwrap();
    file.write(b"a\n", true, SECOND).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "a\n")]));
    // What another program appends counts too.
    File::options().append(true).open(file.path()).unwrap().write_all(b"another\n").unwrap();
    file.write(b"b\n", true, SECOND).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "b\n"), ("c-lpar1.log.1", "a\nanother\n")]));
}

#[test]
fn a_file_that_was_moved_away_goes_on_until_it_is_full_and_nothing_else_is_rotated() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let mut file = log(directory.path(), 10, 1);
    file.write(b"first\n", true, SECOND).unwrap();
    fs::rename(file.path(), at("moved")).unwrap();
    file.write(b"abc\n", true, SECOND).unwrap();
    fs::write(file.path(), "new\n").unwrap();
    file.write(b"d\n", true, SECOND).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "new\nd\n"), ("moved", "first\nabc\n")]));
    fs::remove_file(file.path()).unwrap();
    file.write(b"e\n", true, SECOND).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "e\n"), ("moved", "first\nabc\n")]));
}

#[test]
fn what_is_in_the_way_of_a_rotation_is_said_once_and_the_old_file_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("c-lpar1.log.1")).unwrap();
    let mut file = log(directory.path(), 10, 1);
    file.write(b"0123456\n", true, SECOND).unwrap();
    let why = in_the_way(file.write(b"1st line\n", true, SECOND));
    assert!(why.ends_with("c-lpar1.log.1 is a directory"), "{why}");
    file.write(b"2nd\n", true, 2 * SECOND).unwrap();
    file.write(b"3rd\n", true, 62 * SECOND).unwrap();
    assert_eq!(fs::read(file.path()).unwrap(), b"0123456\n1st line\n2nd\n3rd\n");
    assert!(at("c-lpar1.log.1").is_dir(), "nobody else's directory is moved");
    // Another reason is said again.
    fs::remove_dir(at("c-lpar1.log.1")).unwrap();
    std::os::unix::fs::symlink("elsewhere", at("c-lpar1.log.1")).unwrap();
    assert!(in_the_way(file.write(b"4th\n", true, 123 * SECOND)).ends_with("c-lpar1.log.1 is a symbolic link"));
    fs::remove_file(at("c-lpar1.log.1")).unwrap();
    file.write(b"5th\n", true, 130 * SECOND).unwrap();
    file.write(b"6th\n", true, 190 * SECOND).unwrap();
    let old = "0123456\n1st line\n2nd\n3rd\n4th\n5th\n";
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "6th\n"), ("c-lpar1.log.1", old)]));
}

#[test]
fn a_rotation_on_request_that_failed_is_tried_again_though_the_file_is_small() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = log(directory.path(), 1000, 1);
    file.write(b"a\n", true, SECOND).unwrap();
    // Another name of the same file: to rename one to the other does nothing.
    let other = directory.path().join("c-lpar1.log.1");
    fs::hard_link(file.path(), &other).unwrap();
    assert!(in_the_way(file.rotate(SECOND)).ends_with("c-lpar1.log.1 is another name of the log file itself"));
    file.write(b"b\n", true, 2 * SECOND).unwrap();
    fs::remove_file(other).unwrap();
    file.write(b"c\n", true, 61 * SECOND).unwrap();
    assert_eq!(names(directory.path()), expected(&[("c-lpar1.log", "c\n"), ("c-lpar1.log.1", "a\nb\n")]));
}

#[test]
fn a_path_that_cannot_be_opened_anew_leaves_the_old_file_open() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let mut file = log(directory.path(), 1000, 1);
    file.write(b"a\n", true, SECOND).unwrap();
    fs::rename(file.path(), at("moved")).unwrap();
    std::os::unix::fs::symlink("elsewhere", file.path()).unwrap();
    assert!(in_the_way(file.rotate(SECOND)).contains("c-lpar1.log: "), "its path is named");
    file.write(b"b\n", true, 2 * SECOND).unwrap();
    assert_eq!(fs::read(at("moved")).unwrap(), b"a\nb\n");
    assert!(!at("elsewhere").exists());
}

#[test]
fn a_name_that_cannot_be_had_keeps_the_old_file_growing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x".repeat(254));
    let mut file = LogFile::new(LogSettings { path: path.clone(), size: 4, count: 1 });
    file.write(b"one\n", true, SECOND).unwrap();
    let why = in_the_way(file.write(b"two\n", true, SECOND));
    assert!(why.contains("what is at ") && why.contains(".1 is unknown: "), "{why}");
    file.write(b"three\n", true, SECOND).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"one\ntwo\nthree\n");
}

#[test]
fn earlier_files_move_no_further_than_to_the_first_free_number() {
    let directory = tempfile::tempdir().unwrap();
    let at = |number: u32| directory.path().join(format!("c-lpar1.log.{number}"));
    fs::write(at(1), "one").unwrap();
    fs::write(at(3), "three").unwrap();
    fs::write(directory.path().join("c-lpar1.log"), "log\n").unwrap();
    log(directory.path(), 1000, 3).rotate(SECOND).unwrap();
    let files = [("c-lpar1.log", ""), ("c-lpar1.log.1", "log\n"), ("c-lpar1.log.2", "one"), ("c-lpar1.log.3", "three")];
    assert_eq!(names(directory.path()), expected(&files));
}
