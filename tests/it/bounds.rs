//! Data from outside has limits, and so has the time of a command: the servers here never end by themselves.

use crate::harness::{Instance, run_to_end};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use zwelnch::system::{JobDescription, JobEntry, JobKind, SystemDirectory};

/// A server on its own port that treats every connection in this way, on a thread that nobody waits for.
fn server(serve: impl Fn(TcpStream) + Copy + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// One byte after the other, until the other end has gone.
fn trickle(stream: &mut impl Write) {
    while stream.write_all(b" ").is_ok() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn read_request(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 4096]).unwrap();
}

fn with_discovery_at(port: u16) -> Instance {
    let discovery = format!("scheme: http\nport: {port}");
    let instance =
        Instance::new().extra("haInstances:\n  lpar1:\n    hostname: localhost\n").component("discovery", "exec sleep 1000", &discovery);
    instance.write_config();
    instance
}

fn verify(port: u16) -> (i32, String) {
    let instance = with_discovery_at(port);
    let mut command = instance.launcher(&["ha", "verify", "--timeout", "1s"]);
    command.stdin(std::process::Stdio::null());
    run_to_end(command)
}

#[test]
fn ha_verify_ends_while_a_discovery_service_goes_on() {
    let silent = server(|mut stream| {
        read_request(&mut stream);
        // Until the other end has gone.
        let _ = stream.read(&mut [0; 16]);
    });
    let slow_to_begin = server(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").unwrap();
        trickle(&mut stream);
    });
    let slow_to_end = server(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").unwrap();
        trickle(&mut stream);
    });
    for port in [silent, slow_to_begin, slow_to_end] {
        let (code, output) = verify(port);
        assert!(code == 8 && output.contains("no answer within 1 s"), "{code} {output}");
    }
}

#[test]
fn xml_that_nests_without_end_is_an_answer_that_is_none() {
    let deep = server(|mut stream| {
        read_request(&mut stream);
        let body = format!("<applications>{}{}</applications>", "<a>".repeat(50_000), "</a>".repeat(50_000));
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    });
    let (code, output) = verify(deep);
    assert!(code == 8 && output.contains("neither JSON nor XML: its elements nest deeper than 32"), "{code} {output}");
}

/// A job that takes every command and then, for DISP, says for ever that it is at work.
fn job_at_work(instance: &Instance) -> JobEntry {
    instance.write_config();
    instance.console("D T");
    let system = SystemDirectory::open(Some(&instance.system())).unwrap();
    let description = JobDescription {
        job_name: "ZWE1SV".into(),
        identifier: "ZWE1SV".into(),
        job_id: system.next_job_id().unwrap(),
        kind: JobKind::Shell,
        pid: std::process::id().try_into().unwrap(),
    };
    let entry = system.register_job(description).unwrap();
    let listener = entry.listener().try_clone().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 200];
                let length = stream.read(&mut request).unwrap_or_default();
                let Ok(()) = stream.write_all(b"ACCEPTED CODED\n") else { return };
                if request[..length].starts_with(b"ASK DISP") {
                    while stream.write_all(b".\n").is_ok() {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
                let _ = stream.write_all(b"=0\n");
            });
        }
    });
    entry
}

#[test]
fn waiting_for_an_instance_ends_while_its_job_is_still_at_work() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "");
    let entry = job_at_work(&instance);
    for words in [["stop", "--wait"].as_slice(), &["stop", "alpha", "--wait"], &["restart", "alpha", "--wait"]] {
        let mut command = instance.launcher(words);
        command.args(["--job", "ZWE1SV", "--timeout", "1s"]).stdin(std::process::Stdio::null());
        let (code, output) = run_to_end(command);
        assert!(code == 8 && output.contains("after 1.0s it is not so far"), "{words:?}: {code} {output}");
    }
    entry.end().unwrap();
}

#[test]
fn manifests_and_what_they_register_are_refused_beyond_their_bound_with_the_bound() {
    let instance = Instance::new().component("alpha", "exec sleep 1000", "").component("beta", "exec sleep 1000", "");
    let padding = "# nothing but a comment of some length\n".repeat(5 * 1024 * 1024 / 40);
    instance.manifest("alpha", &padding);
    instance.manifest("beta", "apimlServices: {static: [{file: definition.yml}]}\n");
    std::fs::write(instance.component_directory("beta").join("definition.yml"), format!("services: []\n{padding}")).unwrap();
    instance.write_config();
    let (code, output) = run_to_end(instance.launcher(&["check"]));
    let says =
        |file: &str, bound: &str| output.lines().any(|line| line.starts_with("ERROR") && line.contains(file) && line.contains(bound));
    assert!(
        code == 8 && says("manifest.yaml", "larger than 4 MiB") && says("definition.yml", "larger than 4194304 bytes"),
        "{code} {output}"
    );
}

#[test]
fn ha_status_ends_while_a_launcher_is_still_at_work() {
    let instance = Instance::new()
        .extra("haInstances:\n  lpar1:\n    hostname: localhost\n  lpar2:\n    hostname: localhost\n    zowe: {job: {name: OTHER}}\n")
        .component("alpha", "exec sleep 1000", "");
    let entry = job_at_work(&instance);
    let mut command = instance.launcher(&["ha", "status"]);
    command.stdin(std::process::Stdio::null());
    let (code, output) = run_to_end(command);
    assert!(code == 4 && output.contains("it took too long"), "{code} {output}");
    entry.end().unwrap();
}
