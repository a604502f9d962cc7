//! Checks and probes are not stricter than what they stand for: the names of certificates as Java and node.js take them, servers of TLS that
//! this program has not (openssl), answers that end early. The oracles are those programs themselves.
#![cfg(feature = "http")]

use crate::certificates::Certificates;
use crate::harness::{Instance, PATIENCE, free_port, program_or_skip, text};
use crate::startup::{certificate_with, gateway, report, zosmf_yaml};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs openssl in a directory; the last lines say why it failed.
pub(crate) fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
}

/// An authority `ca.pem` and what it signs, by openssl.
pub(crate) struct Authority<'a>(pub &'a Path);

impl Authority<'_> {
    pub(crate) fn new(directory: &Path) -> Authority<'_> {
        let subject = ["-subj", "/CN=Authority", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(directory, &[&["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90"][..], &subject].concat());
        Authority(directory)
    }

    /// Makes `name.pem` and `name.key`. `extensions`: lines of openssl's; without any the certificate is of version 1.
    pub(crate) fn sign(&self, name: &str, subject: &str, extensions: &str, key: &[&str], sign: &[&str]) {
        let of = |ending: &str| format!("{name}.{ending}");
        let request = ["-nodes", "-subj", subject, "-keyout", &of("key"), "-out", &of("csr")];
        openssl(self.0, &[&["req", "-newkey"], key, &request].concat());
        fs::write(self.0.join(of("ext")), extensions).unwrap();
        let issue =
            ["x509", "-req", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "90", "-in", &of("csr"), "-out", &of("pem")];
        let file = of("ext");
        let extensions = if extensions.is_empty() { &[][..] } else { &["-extfile", file.as_str()] };
        openssl(self.0, &[&issue[..], sign, extensions].concat());
    }
}

/// Of certificates (subject, subjectAltName) the hosts that they are asked for.
const NAMES: &[(&str, &str, &[&str])] = &[
    ("/CN=x", "DNS:*.example.com", &["a.example.com", "A.EXAMPLE.com", "example.com", "a.b.example.com"]),
    (
        "/CN=x",
        "DNS:lpar*.example.com",
        &["lpar1.example.com", "lpar.example.com", "LPAR1.example.com", "xpar1.example.com", "lpar1.a.example.com"],
    ),
    ("/CN=x", "DNS:*1.example.com", &["lpar1.example.com", "1.example.com", "lpar2.example.com"]),
    ("/CN=x", "DNS:l*1.example.com", &["lpar1.example.com", "l1.example.com", "l.example.com"]),
    ("/CN=x", "DNS:a.*.example.com", &["a.b.example.com", "b.b.example.com"]),
    ("/CN=x", "DNS:*.*.example.com", &["a.b.example.com", "a.example.com"]),
    ("/CN=x", "DNS:l*r*.example.com", &["lpar1.example.com", "lpa1.example.com"]),
    ("/CN=x", "DNS:*.com", &["example.com", "a.example.com"]),
    ("/CN=x", "DNS:lpar*", &["lpar1"]),
    ("/CN=x", "DNS:*", &["localhost"]),
    ("/CN=x", "DNS:a.example.*", &["a.example.com"]),
    ("/CN=x", "DNS:xn--*.example.com", &["xn--lpar1.example.com"]),
    ("/CN=x", "DNS:*.xn--bcher-kva.example", &["a.xn--bcher-kva.example"]),
    ("/CN=host", "", &["host", "HOST", "other"]),
    ("/CN=10.0.0.1", "", &["10.0.0.1"]),
    ("/CN=host", "IP:10.0.0.1", &["host", "10.0.0.1", "10.0.0.2"]),
    ("/CN=host", "email:a@example.com", &["host"]),
    ("/CN=host", "URI:https://host", &["host", "other"]),
    ("/CN=host", "DNS:other", &["host", "other"]),
    ("/CN=first/CN=last", "", &["last", "other"]),
    ("/CN=*.example.com", "", &["a.example.com", "example.com"]),
    ("/CN=x", "IP:::1", &["::1", "0:0:0:0:0:0:0:1", "::2"]),
    ("/CN=x", "DNS:10.0.0.1", &["10.0.0.1"]),
    ("/O=none", "", &["none"]),
];

fn oracle(command: &mut Command, lines: &str) -> Vec<bool> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "yes").collect()
}

#[test]
fn names_are_judged_as_java_and_node_judge_them() {
    if ["openssl", "java", "node"].iter().any(|program| program_or_skip(program).is_none()) {
        return;
    }
    let instance = Instance::new().component("web", "exit 0", "");
    let directory = instance.directory.path();
    let mut lines = String::new();
    for (index, (subject, names, hosts)) in NAMES.iter().enumerate() {
        let (file, key, names) = (format!("{index}.pem"), format!("{index}.key"), format!("subjectAltName={names}"));
        let mut make =
            vec!["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", subject, "-keyout", &key, "-out", &file];
        if !names.ends_with('=') {
            make.extend(["-addext", names.as_str()]);
        }
        openssl(directory, &make);
        hosts.iter().for_each(|host| lines += &format!("{}/{file} {host}\n", directory.display()));
    }
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracles");
    let checker = ["--add-exports", "java.base/sun.security.util=ALL-UNNAMED"];
    let java = oracle(Command::new("java").args(checker).arg(programs.join("Names.java")), &lines);
    let node = oracle(Command::new("node").arg(programs.join("names.js")), &lines);
    assert_eq!((java.len(), node.len()), (lines.lines().count(), lines.lines().count()));
    let mut verdicts = java.into_iter().zip(node);
    for (index, (subject, names, hosts)) in NAMES.iter().enumerate() {
        let directory = directory.display();
        let below = format!("pem: {{certificate: {directory}/{index}.pem, key: {directory}/{index}.key}}");
        let domains: Vec<String> = hosts.iter().map(|host| format!("'{host}'")).collect();
        let rest = format!("  verifyCertificates: NONSTRICT\n  externalDomains: [{}]\n", domains.join(", "));
        let (_, output) = report(&instance, &certificate_with(&below, &rest));
        for host in *hosts {
            let refused = output.contains(&format!("does not cover host name {host} ("));
            let by_java_only = output.contains(&format!("covers host name {host} ("));
            let (java, node) = verdicts.next().unwrap();
            let said = format!("{subject} {names} {host}: java {java}, node {node}\n{output}");
            assert_eq!(!refused, java, "{said}");
            assert_eq!(!refused && !by_java_only, node, "{said}");
        }
    }
}

/// An openssl server, ended with this.
pub(crate) struct Server(Child, u16);

impl Server {
    pub(crate) fn start(directory: &Path, name: &str, options: &[&str]) -> Server {
        let port = free_port();
        let mut child = Command::new("openssl")
            .args([
                "s_server",
                "-www",
                "-accept",
                &format!("127.0.0.1:{port}"),
                "-cert",
                &format!("{name}.pem"),
                "-key",
                &format!("{name}.key"),
            ])
            .args(options)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It tells of every handshake that it does not like.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("ACCEPT")), "{name}");
        // Whatever it writes goes on being read.
        std::thread::spawn(move || lines.for_each(drop));
        Server(child, port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const RSA: &[&str] = &["rsa:2048"];
const OLD: &str = "ALL:@SECLEVEL=0";

#[test]
fn what_cannot_be_judged_of_zosmf_never_ends_a_start_and_what_java_refuses_does() {
    if program_or_skip("openssl").is_none() {
        return;
    }
    let instance = gateway("zosmf", "jwt");
    let made = Certificates::new(instance.directory.path());
    let ours = Authority::new(instance.directory.path());
    let p521: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:secp521r1"];
    let local = "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n";
    ours.sign("rsa", "/CN=localhost", local, RSA, &[]);
    ours.sign("cn", "/CN=localhost", "basicConstraints=CA:FALSE\n", RSA, &[]);
    ours.sign("v1", "/CN=localhost", "", RSA, &[]);
    ours.sign("p521", "/CN=localhost", local, p521, &[]);
    ours.sign("sha1", "/CN=localhost", local, RSA, &["-sha1"]);
    ours.sign("as-authority", "/CN=localhost", "subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE\n", RSA, &[]);
    ours.sign("as-authority-other-name", "/CN=other", "subjectAltName=DNS:other\nbasicConstraints=CA:TRUE\n", RSA, &[]);
    ours.sign("short", "/CN=localhost", local, &["rsa:1024"], &[]);
    ours.sign("for-clients", "/CN=localhost", &format!("{local}extendedKeyUsage=clientAuth\n"), RSA, &[]);
    ours.sign("for-all", "/CN=localhost", &format!("{local}extendedKeyUsage=anyExtendedKeyUsage\n"), RSA, &[]);
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Authority::new(elsewhere.path());
    others.sign("of-another", "/CN=localhost", local, RSA, &[]);
    others.sign("v1-of-another", "/CN=localhost", "", RSA, &[]);
    // Its name is not that of an authority that is trusted.
    openssl(
        elsewhere.path(),
        &["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "self.key", "-out", "self.pem"],
    );
    let here = instance.directory.path();
    let old = |cipher| ["-tls1_2", "-cipher", cipher];
    let (key_exchange, cbc) = (old("AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"), old("ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA"));
    let loose = ["-cipher", OLD];
    let (good, not_judged, refused) = ("", "cannot be judged here: ", "has a certificate that is refused: ");
    // Of verifyCertificates STRICT, NONSTRICT, DISABLED.
    let servers: &[(&Path, &str, &[&str], [&str; 3])] = &[
        (here, "rsa", &[], [good; 3]),
        (here, "cn", &[], [good; 3]),
        (here, "v1", &[], [good; 3]),
        (here, "p521", &[], [not_judged, not_judged, good]),
        (here, "sha1", &loose, [not_judged, not_judged, good]),
        (here, "as-authority", &[], [not_judged, not_judged, good]),
        (here, "as-authority-other-name", &[], [refused, not_judged, good]),
        (here, "short", &loose, [not_judged, not_judged, good]),
        (here, "for-clients", &[], [refused, refused, good]),
        (here, "for-all", &[], [not_judged, not_judged, good]),
        (here, "rsa", &key_exchange, [not_judged; 3]),
        (here, "rsa", &cbc, [not_judged; 3]),
        (here, "p521", &["-tls1_2"], [not_judged; 3]),
        (here, "rsa", &["-Verify", "1"], [not_judged; 3]),
        (elsewhere.path(), "of-another", &[], [refused, refused, good]),
        (elsewhere.path(), "v1-of-another", &[], [refused, refused, good]),
        (elsewhere.path(), "self", &[], [refused, refused, good]),
    ];
    for (directory, name, options, expected) in servers {
        let server = Server::start(directory, name, options);
        for (verify, expected) in ["STRICT", "NONSTRICT", "DISABLED"].into_iter().zip(expected) {
            let (code, output) = report(&instance, &zosmf_yaml(&made, server.1, "localhost", verify));
            let what = format!("{name} {options:?} {verify}: {output}");
            assert_eq!(code, if *expected == refused { 8 } else { 0 }, "{what}");
            assert_eq!(output.contains("startup check zosmf:"), *expected != good, "{what}");
            assert!(output.contains(expected), "{what}");
        }
    }
}

/// A TLS server that sends one text to everybody and then ends the connection without close_notify; how many it has sent it to.
fn abrupt(made: &Certificates, answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let (certificate, key) = made.write("abrupt", &["localhost"], |_| {});
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let settings = builder.with_no_client_auth().with_single_cert(vec![CertificateDer::from(certificate)], key).unwrap();
    let (settings, listener, count) = (Arc::new(settings), TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicUsize::new(0)));
    let (port, counted) = (listener.local_addr().unwrap().port(), Arc::clone(&count));
    // Ends with the test's process: nobody connects any more then.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut connection = rustls::ServerConnection::new(Arc::clone(&settings)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"\r\n\r\n") {
                match tls.read(&mut buffer) {
                    Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
                    _ => break,
                }
            }
            if tls.write_all(answer.as_bytes()).and_then(|()| tls.flush()).is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (port, count)
}

const ABRUPT: [&str; 4] = [
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nends with the connection",
    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot a thousand bytes",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200\r\nX Y: 1\r\nnothing\r\nX-Z : 2\r\n folded\r\n\r\n",
];

#[test]
fn the_status_of_an_answer_decides_whatever_comes_of_its_body() {
    let instance = gateway("zosmf", "jwt");
    let made = Certificates::new(instance.directory.path());
    for answer in ABRUPT {
        let (port, _) = abrupt(&made, answer);
        assert_eq!(report(&instance, &zosmf_yaml(&made, port, "localhost", "STRICT")), (0, "0 errors, 0 warnings\n".into()), "{answer}");
    }
    let (port, _) = abrupt(&made, "HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n");
    let (code, output) = report(&instance, &zosmf_yaml(&made, port, "localhost", "STRICT"));
    assert!(code == 8 && output.contains("answered with status 404 instead of 200"), "{output}");
}

#[test]
fn a_component_that_answers_is_alive_whatever_comes_of_its_body_and_whatever_tls_it_speaks() {
    let made_in = tempfile::tempdir().unwrap();
    let made = Certificates::new(made_in.path());
    let (port, count) = abrupt(&made, ABRUPT[1]);
    let probe = |port| format!("{{https: {{port: {port}, path: /, host: localhost}}, interval: 1, timeout: 60, failureThreshold: 1}}");
    let trust = format!("zowe: {{certificate: {{pem: {{certificateAuthorities: {}/ca.pem}}}}}}\n", made_in.path().display());
    let start = |settings: String| {
        let instance = Instance::new().component("web", "exec sleep 1000", &settings);
        instance.write_config();
        fs::write(instance.path("over.yaml"), &trust).unwrap();
        let mut command = instance.launcher(&["lpar1"]);
        let config = format!("FILE({}):FILE({})", instance.path("over.yaml").display(), instance.config().display());
        command.env("CONFIG", config);
        (crate::harness::Running::spawn(command, instance.directory.path()), instance)
    };
    let (mut running, _instance) = start(format!("launcher: {{liveness: {}}}", probe(port)));
    running.wait_for("ZWEL0012I");
    let deadline = std::time::Instant::now() + PATIENCE;
    crate::harness::wait_until(deadline, || (count.load(Ordering::SeqCst) >= 3).then_some(())).expect("three answers");
    assert!(!running.all().contains("ZWEL0982E"), "{}", running.all());
    running.hurry();

    // TLS that this program does not speak: said once, and no reason to kill, nor to wait for ever.
    if program_or_skip("openssl").is_none() {
        return;
    }
    let ours = Authority::new(made_in.path());
    ours.sign("cbc", "/CN=localhost", "subjectAltName=DNS:localhost\n", RSA, &[]);
    let server = Server::start(made_in.path(), "cbc", &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"]);
    let (mut running, _instance) = start(format!("launcher: {{readiness: {}, liveness: {}}}", probe(server.1), probe(server.1)));
    running.wait_for("ZWEL0940I component web answers, but its readiness is not known - https://localhost:");
    running.wait_for("ZWEL0940I component web answers, but its liveness is not known - https://localhost:");
    running.wait_for("ZWEL0012I");
    assert!(!running.all().contains("ZWEL0982E"), "{}", running.all());
    running.hurry();
}
