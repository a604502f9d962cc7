//! What real shells offer, with the scripts that they are given.

use crate::harness::{Instance, not_here, program, text};
use std::path::Path;
use std::process::{Command, Stdio};

fn shell(instance: &Instance, shell: &str, script: &str) -> String {
    let path = std::env::join_paths(
        [Path::new(program()).parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new(shell);
    // Its own settings are nobody's business.
    command.args(match shell {
        "bash" => &["--norc", "--noprofile", "-c"][..],
        "zsh" => &["-f", "-c"],
        _ => &["--no-config", "-c"],
    });
    command.arg(script).env("PATH", path.unwrap()).env("HOME", instance.directory.path()).current_dir(instance.directory.path());
    command.env("ZWELNCH_SYSTEM", instance.system()).env("CONFIG", instance.config()).stdin(Stdio::null());
    text(&command.output().unwrap())
}

fn is_there(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").stdin(Stdio::null()).output().is_ok_and(|output| output.status.success());
    if !there {
        not_here(shell);
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
fn zsh_and_fish_are_told_the_same() {
    let instance = instance();
    write_other(&instance);
    for name in ["zsh", "fish"] {
        if !is_there(name) {
            continue;
        }
        for (words, expected) in OFFERED {
            let line = words.join(" ");
            let seen = match name {
                "fish" => shell(&instance, name, &format!("ZWELNCH_COMPLETE=fish zwelnch | source; complete -C 'zwelnch {line}'")),
                // The function of zsh works inside its editor only: that the script is one, and what it asks for.
                _ => {
                    assert_eq!(shell(&instance, name, "autoload -U compinit && compinit -u; source <(ZWELNCH_COMPLETE=zsh zwelnch)"), "");
                    let typed: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                    let ask = "_CLAP_IFS=$'\\n' _CLAP_COMPLETE_INDEX";
                    shell(&instance, name, &format!("{ask}={} ZWELNCH_COMPLETE=zsh zwelnch -- zwelnch {}", words.len(), typed.join(" ")))
                }
            };
            let seen: Vec<&str> = seen.lines().map(|line| line.split(['\t', ':']).next().unwrap()).collect();
            assert!(expected.split(' ').all(|name| seen.contains(&name)), "{name}: {words:?}: {seen:?}");
        }
    }
}
