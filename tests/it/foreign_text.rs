//! Text from outside (a configuration, a manifest, a file name, an argument, a registry, a balancer, a component) cannot control a
//! terminal.

use crate::harness::{Instance, console};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

/// A title with BEL, colours by C1, DEL, and text from right to left.
const EVIL: &str = "\x1b]0;x\x07\x1b[2J\u{9b}31m\u{7f}\u{202e}\u{2066}\r";
/// The same in double quotes of YAML or JSON.
const QUOTED: &str = r"\u001b]0;x\u0007\u001b[2J\u009b31m\u007f\u202e\u2066\r";

/// The bytes that a terminal would obey, as defined in ECMA-48 and UAX #9, each with what follows it.
fn obeyed(bytes: &[u8]) -> Vec<String> {
    let is_bad = |rest: &[u8]| match rest {
        [b'\n' | b'\t', ..] => false,
        [..=0x1f | 0x7f, ..] | [0xc2, 0x80..=0x9f, ..] => true,
        [0xe2, 0x80, 0xaa..=0xae, ..] | [0xe2, 0x81, 0xa6..=0xa9, ..] => true,
        _ => false,
    };
    let context = |at: usize| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 20)]).escape_debug().to_string();
    (0..bytes.len()).filter(|at| is_bad(&bytes[*at..])).map(context).collect()
}

fn instance() -> Instance {
    let instance = Instance::new()
        .component("web", "exec sleep 1000", &format!("port: 7001\nnote: \"{QUOTED}\"\nlauncher: {{shareAs: \"{QUOTED}\"}}\n\
             turned: \"\u{202e}right\""))
        .component("db", "exec sleep 1000", "port: 7002")
        .extra(&format!(
            "haInstances:\n  lpar1: {{hostname: a.example.com, sysname: LPR1}}\n  lpar2: {{hostname: \"{QUOTED}\", sysname: LPR2, components: {{web: {{note: \"b{QUOTED}\"}}}}}}\n"
        ));
    instance.manifest(
        "db",
        &format!("title: \"{QUOTED}\"\ncommands: {{start: \"{QUOTED}\"}}\ndependencies: {{components: [{{name: \"{QUOTED}\"}}]}}\n"),
    );
    instance.write_config();
    let text = fs::read_to_string(instance.config()).unwrap();
    let environment = format!("zowe:\n  environments: {{EVIL: \"{QUOTED}\", \"{QUOTED}\": x}}\n");
    fs::write(instance.config(), text.replacen("zowe:\n", &environment, 1)).unwrap();
    instance
}

fn bytes_of(instance: &Instance, arguments: &[&str]) -> Vec<u8> {
    let output = instance.launcher(arguments).stdin(Stdio::null()).output().unwrap();
    [output.stdout, output.stderr].concat()
}

/// The output of a command, which must not contain anything a terminal obeys.
fn harmless(instance: &Instance, arguments: &[&str]) -> String {
    let bytes = bytes_of(instance, arguments);
    assert_eq!(obeyed(&bytes), [""; 0], "{arguments:?}");
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_answer_about_a_configuration_controls_a_terminal() {
    let instance = instance();
    let odd_name = instance.path("zowe\x1b[31m.yaml");
    fs::copy(instance.config(), &odd_name).unwrap();
    let odd_text = instance.path("odd.yaml");
    fs::write(&odd_text, format!("zowe:\n  a: {EVIL}\n")).unwrap();
    let (config, odd_name, odd_text) = (instance.config(), odd_name.to_str().unwrap().to_owned(), odd_text.to_str().unwrap().to_owned());
    let config = config.to_str().unwrap();
    let mut shown = 0;
    for arguments in [
        &["check"][..],
        &["check", "--format", "json"],
        &["check", "-c", &odd_name],
        &["check", "-c", &odd_text],
        &["check", "-c", EVIL],
        &["check", "--compare-zwelnch", "--all"],
        &["check", "-i", EVIL],
        &["config"],
        &["config", "-i", "lpar2"],
        &["config", "--format", "json"],
        &["config", "--origin", "-c", &odd_name],
        &["config", "--origin", "--format", "json", "-c", &odd_name],
        &["config", "--path", "components.web.note"],
        &["config", "--path", EVIL],
        &["env", "-i", "lpar2", "web"],
        &["env", "-i", "lpar1", "web", "--diff", "lpar2"],
        &["env", "-i", "lpar1", EVIL],
        &["plan", "-i", "lpar2"],
        &["ha", "compare", config, &odd_name],
        &["ha", "compare", config, &odd_name, "--format", "json"],
        &["ha", "haproxy"],
        &["ha", "status", "-c", &odd_text],
        &["ha", "upgrade", "--plan", "--old", config, "--new", &odd_name, "-i", "lpar2"],
        &["jcl", "--set", EVIL],
        &["jcl", EVIL],
        &["start", EVIL],
        &["component", "new", EVIL],
        &["status", "--job", EVIL],
        &["console", EVIL],
        &[EVIL],
        &["check", EVIL],
        &["check", &format!("--{EVIL}")],
    ] {
        let text = harmless(&instance, arguments);
        assert!(!text.is_empty(), "{arguments:?}");
        shown += usize::from(text.contains("\\x1b") || text.contains("\\u001b") || text.contains("\\u{1b}") || text.contains("\\e"));
    }
    assert!(shown > 20, "{shown}: what is not printable is shown, not left out");
}

#[test]
fn data_has_the_same_values_without_what_a_terminal_obeys() {
    let instance = instance();
    let json: serde_json::Value = serde_json::from_str(&harmless(&instance, &["config", "--format", "json"])).unwrap();
    let yaml: serde_json::Value = serde_yaml::from_str(&harmless(&instance, &["config"])).unwrap();
    for value in [&json, &yaml] {
        assert_eq!(value["components"]["web"]["note"], EVIL);
        assert_eq!(value["components"]["web"]["turned"], "\u{202e}right");
    }
    assert_eq!(json, yaml);
}

#[test]
fn source_lines_on_a_terminal_are_coloured_by_us_alone() {
    let instance = instance();
    let file = instance.path("odd.yaml");
    fs::write(&file, "a: [\u{202e}\u{9b}31m\u{7f}, }\n").unwrap();
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut command = instance.launcher(&["check", "-c", file.to_str().unwrap()]);
    let mut child = command.env("TERM", "xterm").stdout(Stdio::from(pty.slave)).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    let mut seen = Vec::new();
    // EIO: the other side has gone.
    let _ = fs::File::from(pty.master).read_to_end(&mut seen);
    assert!(child.wait().unwrap().code() == Some(8) && seen.windows(2).any(|two| two == b"\x1b["), "coloured");
    let text = String::from_utf8(seen).unwrap().replace("\r\n", "\n");
    let ours = without_colours(&text);
    assert_eq!(obeyed(ours.as_bytes()), [""; 0], "{text:?}");
}

/// Without colours: ESC, a bracket, digits and semicolons, m.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    first
        + &parts
            .map(|part| {
                part.trim_start_matches(|character: char| character.is_ascii_digit() || character == ';')
                    .strip_prefix('m')
                    .unwrap_or("\x1b")
            })
            .collect::<String>()
}

/// Answers every request with this.
fn registry(answer: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let head = format!(
                "HTTP/1.1 200 \x1b[31mOK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes()));
        }
    });
    port
}

#[test]
fn no_answer_of_a_registry_controls_a_terminal() {
    let one = format!(
        r#"{{"instanceId":"{QUOTED}","app":"A{QUOTED}","hostName":"{QUOTED}","status":"{QUOTED}","port":{{"$":1,"@enabled":"true"}}}}"#
    );
    for answer in [
        format!(r#"{{"applications":{{"application":[{{"name":"gateway{QUOTED}","instance":[{one}]}}]}}}}"#),
        format!("<applications><{EVIL}"),
        format!("{{{EVIL}"),
    ] {
        let ports = [registry(answer.clone()), registry(r#"{"applications":{"application":[]}}"#.to_owned())];
        let of = |number: usize| {
            format!(
                "  lpar{number}: {{hostname: localhost, sysname: LPR{number}, components: {{discovery: {{port: {0}}}, gateway: {{port: {0}}}}}}}\n",
                ports[number - 1]
            )
        };
        let instance = Instance::new()
            .component("discovery", "exec sleep 1000", "scheme: http")
            .component("gateway", "exec sleep 1000", "scheme: http")
            .extra(&format!("haInstances:\n{}{}", of(1), of(2)));
        instance.write_config();
        for arguments in
            [&["ha", "status"][..], &["ha", "status", "--format", "json"], &["ha", "verify", "--timeout", "0", "--expect", "gateway=2"]]
        {
            harmless(&instance, arguments);
        }
    }
}

#[test]
fn no_answer_of_a_balancer_controls_a_terminal_or_a_log() {
    let instance = Instance::new();
    let socket = instance.path("admin.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut command = [0; 512];
            let _ = stream.read(&mut command);
            let _ = stream.write_all(format!("{EVIL}\n").as_bytes());
        }
    });
    console(&instance.system(), "D T");
    let profile = format!("BALANCER haproxy {} gateway\nPORT 7554 SERVER lpar1\n", socket.display());
    fs::write(instance.system().join("TCPIP"), profile).unwrap();
    for command in ["V TCPIP,,SYSPLEX,QUIESCE,PORT=7554", "D TCPIP,,NETSTAT,CONN"] {
        assert!(!harmless(&instance, &["console", command]).is_empty());
    }
    fs::write(instance.system().join("TCPIP"), format!("PORT {EVIL}\n")).unwrap();
    harmless(&instance, &["console", "V TCPIP,,SYSPLEX,QUIESCE,PORT=7554"]);
    assert_eq!(obeyed(&fs::read(instance.system().join("SYSLOG")).unwrap()), [""; 0]);
}

#[test]
fn no_run_controls_a_terminal() {
    let instance = Instance::new()
        .component("web", &format!("printf '%b' '\\033[31mred {QUOTED}\\033]0;\\n'; printf 'ZWEA000I {EVIL}\\n'; exec sleep 1000"), "")
        .component("odd", "exec sleep 1000", &format!("launcher: {{shareAs: \"{QUOTED}\", dependsOn: [\"{QUOTED}\"]}}"));
    instance.manifest("odd", &format!("title: \"{QUOTED}\"\ncommands: {{start: bin/start.sh}}\n"));
    instance.write_config();
    let text = fs::read_to_string(instance.config()).unwrap();
    let ours = format!("zowe:\n  sysMessages: [ZWE]\n  environments: {{EVIL: \"{QUOTED}\"}}\n");
    fs::write(instance.config(), text.replacen("zowe:\n", &ours, 1) + "  launcher: {onDependencyProblem: ignore}\n").unwrap();
    let mut launcher = instance.launcher(&["lpar1"]);
    launcher.env("ZLDEBUG", "ON");
    let mut running = crate::harness::Running::spawn(launcher, instance.directory.path());
    running.wait_for("ZWEL0012I");
    running.wait_for("ZWEA000I");
    for command in [
        "F ZWESLSTC,APPL=DISP,DETAIL",
        "F ZWESLSTC,APPL=DISP,ENV",
        &format!("F ZWESLSTC,APPL=START({EVIL})"),
        &format!("F ZWESLSTC,APPL={EVIL}"),
        "D A,L",
    ] {
        harmless(&instance, &["console", command]);
    }
    for arguments in [&["status"][..], &["status", "--format", "json"]] {
        harmless(&instance, arguments);
    }
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0, "{}", running.all());
    assert_eq!(obeyed(running.all().as_bytes()), [""; 0]);
    assert_eq!(obeyed(&fs::read(instance.system().join("SYSLOG")).unwrap()), [""; 0]);
}
