//! The worst that a configuration file can contain: each input gives an error or loads, in limited time and memory. What each took is
//! printed (`cargo test --test properties hostile -- --nocapture`).

use crate::measure::measured;
use std::time::Duration;
use zwelnch::config::template::scan::split;
use zwelnch::config::{Configuration, HaInstance, LoadRequest, Source, yaml};
use zwelnch::platform::unix::UnixPlatform;

/// What becomes of an input.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Loads,
    /// Refused with this among the texts.
    Refused(&'static str),
    /// Either, as long as it ends.
    Ends,
}
use Fate::{Ends, Loads, Refused};

const MB: usize = 1_000_000;

/// Of processor time. A debug build takes seconds at most; what is not linear takes minutes.
const BOUND: Duration = Duration::from_secs(30);

fn judge(name: &str, text: &str, fate: Fate, memory: usize) {
    let (result, cost) = measured(|| yaml::read(text, "t", 0, true));
    let outcome = result.map(|_| ()).map_err(|problems| problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("\n"));
    let said = outcome.as_ref().err().map_or("loads".to_string(), |said| said.chars().take(90).collect());
    println!("{name}: {:.1} MB in {:?}, {} MB held: {said}", text.len() as f64 / 1e6, cost.time, cost.memory / 1_000_000);
    match fate {
        Loads => assert_eq!(outcome, Ok(()), "{name}"),
        Refused(expected) => assert!(outcome.as_ref().is_err_and(|said| said.contains(expected)), "{name}: {said}"),
        Ends => {}
    }
    if let Err(said) = outcome {
        assert!(said.len() < 100_000, "{name}: {} bytes of problems", said.len());
    }
    assert!(cost.time < BOUND, "{name}: {cost:?}");
    assert!(cost.memory < memory as u64, "{name}: {cost:?}");
}

/// Each level refers to the one before `width` times.
fn laughs(levels: usize, width: usize, item: &dyn Fn(usize, &str) -> String) -> String {
    let mut text = "l0: &l0 lol\n".to_string();
    for level in 1..=levels {
        let below = format!("*l{}", level - 1);
        let items: Vec<String> = (0..width).map(|index| item(index, &below)).collect();
        let (open, close) = if items[0].contains(':') { ('{', '}') } else { ('[', ']') };
        text += &format!("l{level}: &l{level} {open}{}{close}\n", items.join(", "));
    }
    text
}

#[test]
fn billion_laughs() {
    let large = Refused("too large with its aliases written out");
    let key = Refused("used as a key is too large");
    judge("laughs of lists", &laughs(9, 10, &|_, below| below.to_string()), large, 10 * MB);
    judge("laughs of mappings", &laughs(9, 10, &|index, below| format!("k{index}: {below}")), large, 10 * MB);
    judge("laughs two at a time", &laughs(120, 2, &|_, below| below.to_string()), large, 10 * MB);
    judge("laughs in keys", &laughs(9, 10, &|index, below| format!("? [{below} , {index}] : 1")), key, 10 * MB);
    let text = format!("a: &a '{}'\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(10_000));
    judge("one text ten thousand times", &text, large, 50 * MB);
    let text = format!("a: &a [{}]\n{}", "x, ".repeat(400), "? *a\n: 1\n".repeat(50_000));
    judge("one list as fifty thousand keys", &text, key, 10 * MB);
}

#[test]
fn depth_of_ten_thousand() {
    let deep = Refused("nested more than 128 deep");
    let depth = 10_000;
    judge("lists", &("[".repeat(depth) + &"]".repeat(depth)), deep, 10 * MB);
    judge("lists that never end", &"[".repeat(depth), deep, 10 * MB);
    judge("mappings", &("{a: ".repeat(depth) + &"}".repeat(depth)), Ends, 10 * MB);
    judge("block lists", &("- ".repeat(depth) + "x"), deep, 10 * MB);
    judge(
        "block mappings in lists",
        &("- a: \n".to_string() + &(1..1_000).map(|level| format!("{}- a:\n", " ".repeat(4 * level))).collect::<String>()),
        deep,
        10 * MB,
    );
    judge("block mappings", &(0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>(), deep, 10 * MB);
    judge("explicit keys", &("? ".repeat(depth) + "x"), deep, 10 * MB);
    judge("lists as keys", &("[".repeat(depth) + "x" + &"]: 1".repeat(depth)), Ends, 10 * MB);
    let shallow = "[".repeat(100) + &"]".repeat(100);
    judge("what is deep enough for anyone", &shallow, Loads, 10 * MB);
}

/// `piece` until there are `size` bytes.
fn filled(begin: &str, size: usize, piece: &dyn Fn(usize) -> String) -> String {
    let mut text = begin.to_string();
    let mut index = 0;
    while text.len() < size {
        text += &piece(index);
        index += 1;
    }
    text
}

#[test]
fn a_file_of_fifty_megabytes() {
    let text = filled("a: 1\n", 50 * MB, &|index| format!("key{index}: value {index}\n"));
    judge("fifty megabytes", &text, Refused("larger than 4 MiB"), MB);
    judge_load("fifty megabytes as a file", &[&text], Refused("larger than 4 MiB"));
}

#[test]
fn the_largest_file_that_is_read() {
    let size = yaml::MAXIMUM_SIZE - 100_000;
    let large = Refused("too large with its aliases written out");
    let held = 300 * MB;
    judge("comments", &filled("a: 1\n", size, &|_| "# nothing but a comment of some length\n".into()), Loads, MB);
    judge("keys", &filled("", size, &|index| format!("key{index}: value {index}\n")), Loads, held);
    judge("a list on one line", &filled("a: [", size, &|_| "1,".repeat(1000)), large, held);
    judge("lists in lists", &filled("", size, &|_| format!("- [{}]\n", "[1, [2]], ".repeat(100))), large, held);
    judge("mappings", &filled("", size, &|index| format!("m{index}:\n  a: {{b: c}}\n")), Ends, held);
    judge("documents", &filled("a: 1\n", size, &|_| "---\na: 1\n".into()), Loads, MB);
    judge("repeated keys", &filled("", size, &|_| "a: 1\n".into()), Refused("twice"), MB);
    judge("blank lines", &filled("a: 1\n", size, &|_| "\n".repeat(1000)), Loads, held);
    judge("blanks", &filled("a: 1\n", size, &|_| " ".repeat(1000)), Loads, held);
    judge("one text", &filled("", size, &|_| "k".repeat(1000)), Loads, held);
    judge("a list that could be a key", &(filled("[", size, &|_| "1,".repeat(1000)) + "]"), large, held);
    judge("lists a hundred deep, none too large", &nested(size), large, held);
}

/// Inputs whose cost grows with the square of their size: each is refused before that.
#[test]
fn what_the_parser_would_need_minutes_for() {
    let size = yaml::MAXIMUM_SIZE - 100_000;
    let long = Refused("would take too long");
    for (name, gap, word) in [("blanks", " ", "x "), ("line ends", "\n", "x\n  "), ("line ends of YAML 1.1", "\u{2028}", "x\u{2028} ")] {
        let (gap, words) = (gap.repeat(size / 2 / gap.len()), word.repeat(size / 2 / word.len()));
        judge(&format!("many {name} in a plain text"), &format!("k: x{gap}  {words}\n"), long, 30 * MB);
        judge(&format!("many {name} in quotes"), &format!("k: \"x{gap}  {words}\"\n"), long, 30 * MB);
    }
    let as_many = format!("k: x{}{}\n", " ".repeat(8_000), "x ".repeat(1_000_000));
    judge("as many blanks as may be", &as_many, Loads, 30 * MB);
    let blanks = " ".repeat(size / 2);
    judge("many blanks before a comment", &format!("a: 1\n{blanks}# x\n{}", "# a comment\n".repeat(1_000)), Loads, 30 * MB);
    let tags: String = (0..size / 20).map(|index| format!("%TAG !{index}! a\n")).collect();
    judge("tag directives", &format!("{tags}---\nk: 1\n"), Refused("%TAG"), 30 * MB);
    let tags: String = (0..64).map(|index| format!("%TAG !{index}! tag:yaml.org,2002:\n")).collect();
    judge("as many tag directives as may be", &format!("{tags}---\nk: [{}]\n", "!63!str x, ".repeat(50_000)), Loads, 30 * MB);
    judge("beginnings of keys", &"{".repeat(1_000).repeat(size / 1_000), Refused("deep"), 30 * MB);
}

/// A list in a list, a hundred deep, with as many elements at each depth.
fn nested(size: usize) -> String {
    let depth = 100;
    let items = "1,".repeat(size / depth / 2);
    (0..depth).map(|_| format!("[{items}")).collect::<String>() + &"]".repeat(depth)
}

#[test]
fn a_scalar_of_one_megabyte() {
    let size = MB;
    let long = |piece: &str| piece.repeat(size / piece.len());
    let held = 30 * MB;
    judge("plain", &format!("k: {}\n", long("x")), Loads, held);
    judge("plain of words", &format!("k: {}\n", long("word ")), Loads, held);
    judge("plain over many lines", &format!("k: {}\n", long("word\n  ")), Loads, held);
    judge("plain over many blank lines", &format!("k: a{}b\n", long("\n")), Ends, held);
    judge("plain with hash signs", &format!("k: {}\n", long("x#")), Loads, held);
    judge("plain with colons", &format!("k: {}\n", long("x:")), Ends, held);
    judge("single quotes", &format!("k: '{}'\n", long("x''")), Loads, held);
    judge("double quotes", &format!("k: \"{}\"\n", long("\\u00e4")), Loads, held);
    judge("double quotes over lines", &format!("k: \"{}\"\n", long("\\\n  x")), Ends, held);
    judge("quotes that never end", &format!("k: \"{}", long("x")), Refused("YAML syntax"), held);
    judge("literal", &format!("k: |\n{}", long("  x\n")), Loads, held);
    judge("folded", &format!("k: >\n{}", long("  x y\n\n")), Loads, held);
    judge("digits", &format!("k: {}\n", long("1")), Refused("64 bits"), held);
    judge("a tag that does not fit", &format!("k: !!int {}\n", long("x")), Refused("!!int"), held);
    judge("a key", &format!("{}: 1\n", long("x")), Ends, held);
    judge("an explicit key, twice", &format!("? {0}\n: 1\n? {0}\n: 2\n", long("x")), Refused("twice"), held);
    judge("a tag", &format!("k: !{} 1\n", long("x")), Refused("tag"), held);
    judge("an anchor", &format!("k: &{} 1\n", long("x")), Loads, held);
    judge("an alias", &format!("k: *{}\n", long("x")), Refused("YAML syntax"), held);
    judge("question marks", &long("? "), Refused("deep"), held);
    judge("directives", &format!("{}---\nk: 1\n", long("%X y\n")), Ends, held);
    judge("anchors", &(0..size / 20).map(|index| format!("k{index}: &a{index} 1\n")).collect::<String>(), Loads, held);
    judge("brackets", &long("[]"), Ends, held);
    judge("keys on one line", &long("a: "), Ends, held);
    judge("quotes as keys", &long("'' : "), Ends, held);
    judge("tabs", &long("\t"), Ends, held);
}

#[test]
fn a_template_of_one_megabyte() {
    for (name, piece) in [
        ("expressions", "${{ 1 }}"),
        ("open brackets", "${{ { }}"),
        ("open comments", "${{ /* }}"),
        ("open strings", "${{ ' }} "),
        ("open template literals", "${{ ` }}\\` "),
        ("beginnings", "${{"),
        ("ends", "}}"),
        ("dollars", "$"),
        ("slashes", "${{ / }} "),
    ] {
        let text = piece.repeat(MB / piece.len());
        let (parts, cost) = measured(|| split(&text).map(|parts| parts.len()));
        println!("{name}: {:?}, {} MB held: {parts:?}", cost.time, cost.memory / 1_000_000);
        assert!(cost.time < BOUND && cost.memory < 50 * MB as u64, "{name}: {cost:?}");
    }
}

/// Loads texts as files, left-most first.
fn load(texts: &[&str]) -> Result<Configuration, String> {
    let directory = tempfile::tempdir().unwrap();
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let file = directory.path().join(format!("{index}.yaml"));
            std::fs::write(&file, text).unwrap();
            Source::File(file)
        })
        .collect();
    let ha_instance = HaInstance { id: "lpar1".into(), from_placeholder: false };
    let request = LoadRequest { sources: &sources, ha_instance: &ha_instance, platform: &UnixPlatform::for_command() };
    Configuration::load(&request).map_err(|error| error.to_string())
}

fn judge_load(name: &str, texts: &[&str], fate: Fate) {
    let (result, cost) = measured(|| load(texts));
    let said = result.as_ref().map_or_else(
        |error| error.chars().take(90).chain(" ... ".chars()).chain(error.chars().skip(error.chars().count().saturating_sub(90))).collect(),
        |_| "loads".to_string(),
    );
    println!("{name}: {:?}, {} MB held: {said}", cost.time, cost.memory / 1_000_000);
    match fate {
        Loads => assert!(result.is_ok(), "{name}: {said}"),
        Refused(expected) => assert!(result.is_err_and(|error| error.contains(expected) && error.len() < 100_000), "{name}: {said}"),
        Ends => {}
    }
    assert!(cost.time < BOUND && cost.memory < 700 * MB as u64, "{name}: {cost:?}");
}

#[test]
fn the_largest_configurations_that_load() {
    // One entry less than the bound, by aliases, and twice as much from two sources.
    let thousand = format!("a: &a [{}]\n", "x, ".repeat(999));
    let heavy = |key: &str, times: usize| format!("{thousand}{key}: [{}]\n", "*a, ".repeat(times));
    judge_load("just light enough", &[&heavy("b", 990)], Loads);
    judge_load("too heavy", &[&heavy("b", 1_010)], Refused("too large with its aliases written out"));
    judge_load("two that are too heavy together", &[&heavy("b", 600), &heavy("b", 600)], Refused("too large with its aliases written out"));
    let overlay = format!("{thousand}haInstances:\n  lpar1:\n    b: [{}]\n", "*a, ".repeat(990));
    judge_load("an overlay that repeats it", &[&overlay], Loads);
    judge_load("a text of one megabyte", &[&format!("a: {}\n", "word ".repeat(MB / 5))], Loads);
    judge_load("a template in a heavy one", &[&(heavy("b", 990) + "c: ${{ a[0] }}\n")], Ends);
    let templates: String = (0..20_000).map(|index| format!("k{index}: ${{{{ {index} }}}}\n")).collect();
    judge_load("twenty thousand templates", &[&templates], Ends);
    judge_load("one megabyte of expressions", &[&format!("k: x{}\n", "${{ 1 }}".repeat(MB / 8))], Ends);
    judge_load("one megabyte of open brackets", &[&format!("k: \"{}\"\n", "${{ { }}".repeat(MB / 8))], Refused("more than 16 expressions"));
}
