//! Supervision, beside the same work done bare (the same shells with the same environment by `posix_spawn`, killed and reaped in a loop),
//! and beside dinit, s6 and runit where they are installed, all in turn in one run. Each line is a figure: the median, that of the
//! bare work
//! and their ratio, and the noise, which is how far the bare runs lie apart. Nothing is judged here, because the machine may be busy.
//!
//! - `cargo bench --bench supervision [word]`: only the parts whose name holds the word.
//! - `cargo bench --bench supervision -- table [--write] [N...]`: the growth from 10 to 5,000 components as a table, in docs/performance.md
//!   with `--write`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bare;
#[allow(dead_code)]
#[path = "../../tests/it/harness.rs"]
mod harness;
mod others;
mod ours;
mod output;
mod reading;
mod running;
mod sample;
#[allow(dead_code)]
mod site;
mod table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [output::EMIT] => return output::emit(),
        [output::BY_LINES, path] => return output::by_lines(path),
        _ => {}
    }
    // Cargo adds --bench.
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    if let ["table", rest @ ..] = &words[..] {
        let counts = rest.iter().filter_map(|word| word.parse().ok()).collect();
        return table::table(counts, rest.contains(&"--write"));
    }
    let word = words.first().copied().unwrap_or_default();
    let parts: [(&str, fn()); 9] = [
        ("start, burst, stop, prepare, reload, memory", running::lives),
        ("replacement", running::replacement),
        ("ready", running::ready),
        ("check", reading::check),
        ("relay", output::relay),
        ("delay", output::delay),
        ("answers", output::answers),
        ("idle", running::idle),
        ("machine", || println!("{}", table::machine())),
    ];
    for (name, part) in parts {
        if name.contains(word) {
            println!("-- {name}");
            part();
        }
    }
}
