//! What real shells offer, with the scripts that they are given.

use crate::harness::{Instance, program, skip, text};
use crate::terminal::Terminal;
use std::path::Path;
use std::process::{Command, Stdio};

fn shell(instance: &Instance, shell: &str, script: &str) -> String {
    let mut command = Command::new(shell);
    // Its own settings are nobody's business.
    command.args(match shell {
        "bash" => &["--norc", "--noprofile", "-c"][..],
        _ => &["--no-config", "-c"],
    });
    in_its_place(&mut command, instance);
    text(&command.arg(script).stdin(Stdio::null()).output().unwrap())
}

/// In the directory of the instance, with its configuration and the program on the PATH.
fn in_its_place(command: &mut Command, instance: &Instance) {
    let path = std::env::join_paths(
        [Path::new(program()).parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    command.env("PATH", path.unwrap()).env("HOME", instance.directory.path()).current_dir(instance.directory.path());
    command.env("ZWELNCH_SYSTEM", instance.system()).env("CONFIG", instance.config());
}

fn is_there(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
    if !there {
        skip(&format!("{shell} is not installed"));
    }
    there
}

fn instance() -> Instance {
    let instance = Instance::new().component("gateway", "exec sleep 1000", "").component("zss", "exec sleep 1000", "");
    let instance = instance.extra("haInstances: {lpar1: {hostname: localhost}, lpar2: {hostname: localhost}}\n");
    instance.write_config();
    instance
}

/// Words, the last of which is being typed, and what is offered for it.
const OFFERED: [(&[&str], &str); 7] = [
    (&["plan", "-i", "lp"], "lpar1 lpar2"),
    (&["plan", "-c", "other.yaml", "-i", ""], "elsewhere"),
    (&["env", "-i", "lpar1", "g"], "gateway"),
    (&["restart", "z"], "zss"),
    (&["disp", "gateway", "z"], "zss"),
    (&["component", "run", "GAT"], "gateway"),
    (&["ha", "ver"], "verify"),
];

fn write_other(instance: &Instance) {
    std::fs::write(instance.path("other.yaml"), "haInstances: {elsewhere: {}}\n").unwrap();
}

#[test]
fn bash_offers_names_of_the_configuration_and_of_running_jobs() {
    if !is_there("bash") {
        return;
    }
    let instance = instance();
    write_other(&instance);
    // As bash itself calls the function that it was told of.
    let offered = |words: &[&str]| {
        let typed: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "source <(ZWELNCH_COMPLETE=bash zwelnch)\n\
             COMP_WORDS=(zwelnch {}); COMP_CWORD={}; COMP_TYPE=9; COMP_LINE=\"${{COMP_WORDS[*]}}\"; COMP_POINT=${{#COMP_LINE}}\n\
             function=$(complete -p zwelnch | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
             \"$function\" zwelnch '{}' '{}'\necho \"${{COMPREPLY[@]}}\"\n",
            typed.join(" "),
            words.len(),
            words.last().unwrap(),
            words.get(words.len().wrapping_sub(2)).unwrap_or(&"zwelnch")
        );
        shell(&instance, "bash", &script).trim().to_owned()
    };
    for (words, expected) in OFFERED {
        assert_eq!(offered(words), expected, "{words:?}");
    }
    assert_eq!(offered(&["status", "--job", "ZW"]), "", "none runs, and none is made");
    let running = instance.up();
    let jobs = offered(&["status", "--job", "ZW"]);
    assert!(jobs.split(' ').any(|job| job == "ZWESLSTC"), "{jobs}");
    drop(running);
}

#[test]
fn fish_offers_them_too() {
    if !is_there("fish") {
        return;
    }
    let instance = instance();
    write_other(&instance);
    for (words, expected) in OFFERED {
        let script = format!("ZWELNCH_COMPLETE=fish zwelnch | source; complete -C 'zwelnch {}'", words.join(" "));
        let seen = shell(&instance, "fish", &script);
        let seen: Vec<&str> = seen.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(seen, expected.split(' ').collect::<Vec<_>>(), "{words:?}");
    }
}

/// Its completion works inside its editor only, so it is typed at a terminal.
#[test]
fn zsh_offers_them_when_tab_is_typed() {
    if !is_there("zsh") {
        return;
    }
    let instance = instance();
    write_other(&instance);
    let mut command = Command::new("zsh");
    command.args(["-f", "-i"]);
    in_its_place(&mut command, &instance);
    let mut terminal = Terminal::session(command, "xterm");
    // As frameworks have it, case does not matter. What was typed is shown by a function in the program's place, when the line is entered.
    let setup = "PS1='> '; setopt no_beep; autoload -U compinit; compinit -u -d $HOME/dump; zstyle ':completion:*' matcher-list 'm:{a-zA-Z}={A-Za-z}'; \
                 source <(ZWELNCH_COMPLETE=zsh zwelnch); \
                 zwelnch() { if [[ -n $ZWELNCH_COMPLETE ]]; then command zwelnch \"$@\"; else print -r -- \"<$*>\"; fi }; print rea''dy\r";
    terminal.type_keys(setup);
    terminal.wait_for("\nready");
    // Where its editor begins, what was typed before that may be lost.
    let editor = "\x1b[?2004h";
    for (words, expected) in OFFERED {
        terminal.wait_for(editor);
        terminal.forget();
        terminal.type_keys(&format!("zwelnch {}\t", words.join(" ")));
        let names: Vec<&str> = expected.split(' ').collect();
        match names.as_slice() {
            [name] => {
                terminal.type_keys("\r");
                let (_, before) = words.split_last().unwrap();
                let entered = before.iter().chain([name]).copied().collect::<Vec<_>>().join(" ");
                terminal.wait_for(&format!("<{entered}"));
            }
            names => {
                terminal.type_keys("\t");
                names.iter().for_each(|name| terminal.wait_for(name));
                // Away with it.
                terminal.forget();
                terminal.type_keys("\x03");
            }
        }
    }
    terminal.wait_for(editor);
    terminal.type_keys("exit\r");
    assert!(terminal.child.wait().unwrap().success());
}
