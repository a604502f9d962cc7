//! The start-up checks with the built binary: ports that are busy, runtimes that are too old, certificates that are wrong, a z/OSMF that is
//! late.
#![cfg_attr(not(feature = "http"), allow(dead_code))]

use crate::certificates::Certificates;
use crate::harness::{Instance, PATIENCE, run_to_end, text};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

const SLEEPER: &str = "exec sleep 1000";

/// Lays YAML over an instance's configuration and returns CONFIG. Anybody may run the tests, root too, so the check of the user is off.
fn laid_over(instance: &Instance, yaml: &str) -> String {
    instance.write_config();
    fs::write(instance.path("over.yaml"), yaml).unwrap();
    format!("FILE({}):FILE({})", instance.path("over.yaml").display(), instance.config().display())
}

fn checks(settings: &str) -> String {
    format!("zowe: {{launchScript: {{startupChecks: {{user: disabled, {settings}}}}}}}\n")
}

/// `zwelnch check --startup`: the exit code and the report.
pub(crate) fn report(instance: &Instance, yaml: &str) -> (i32, String) {
    report_with(instance, yaml, &[])
}

fn report_with(instance: &Instance, yaml: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let config = laid_over(instance, yaml);
    let output = instance.launcher(&["check", "--startup"]).env("CONFIG", config).envs(variables.iter().copied()).output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

fn launch(instance: &Instance, yaml: &str) -> (i32, String) {
    // What ends is not started anew, so that the launcher ends too.
    let config = laid_over(instance, &format!("{yaml}components: {{launcher: {{restartIntervals: []}}}}\n"));
    let mut command = instance.launcher(&["lpar1"]);
    command.env("CONFIG", config);
    run_to_end(command)
}

fn certificate_yaml(below: &str) -> String {
    certificate_with(below, "")
}

/// `rest`: further keys of zowe, each on lines of its own.
pub(crate) fn certificate_with(below: &str, rest: &str) -> String {
    let lines: String = below.lines().map(|line| format!("    {line}\n")).collect();
    format!("zowe:\n  launchScript: {{startupChecks: {{user: disabled}}}}\n  certificate:\n{lines}{rest}")
}

#[test]
fn busy_ports_end_the_start_and_are_all_named() {
    let (first, second) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (one, two) = (port(&first), port(&second));
    let instance = Instance::new()
        .component("web", "exit 0", &format!("port: {one}"))
        .component("db", "exit 0", &format!("port: {two}\nzowe: {{network: {{server: {{listenAddresses: [127.0.0.1]}}}}}}"))
        .component("library", "exit 0", "");
    let (code, output) = launch(&instance, &checks("default: exit"));
    assert_eq!(code, 8, "{output}");
    assert!(output.contains(&format!("components.web.port: port {one} is in use at address 0.0.0.0")), "{output}");
    assert!(output.contains(&format!("components.db.port: port {two} is in use at address 127.0.0.1")), "{output}");
    assert_eq!(output.matches("ZWEL0950E startup check ports: ").count(), 2, "{output}");
    assert!(output.contains("zowe.yaml:") && output.contains("ZWEL0030E") && !output.contains("ZWEL0001I"), "{output}");

    // A single component in the foreground is not affected by the ports of the others.
    let mut command = instance.launcher(&["component", "run", "-v", "library", "-i", "lpar1"]);
    command.env("CONFIG", laid_over(&instance, &(checks("default: exit") + "components: {launcher: {restartIntervals: []}}\n")));
    let (_, output) = run_to_end(command);
    assert!(!output.contains("startup check ports") && output.contains("ZWEL0001I component library started"), "{output}");

    let (_, output) = launch(&instance, &checks("ports: warn"));
    assert!(output.contains("ZWEL0951W startup check ports: ") && output.contains("ZWEL0001I component web started"), "{output}");
    let (_, output) = launch(&instance, &checks("ports: disabled"));
    assert!(!output.contains("startup check ports") && output.contains("ZWEL0001I component web started"), "{output}");
}

#[test]
fn a_port_busy_at_another_address_is_free_and_one_of_no_address_here_a_warning() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let instance = Instance::new().component("web", SLEEPER, &format!("port: {port}"));
    let addresses = |list: &str| {
        format!("zowe: {{launchScript: {{startupChecks: {{user: disabled}}}}, network: {{server: {{listenAddresses: [{list}]}}}}}}\n")
    };
    let (code, output) = report(&instance, &addresses("127.0.0.3"));
    assert_eq!(code, 0, "{output}");
    let (code, output) = report(&instance, &addresses("127.0.0.3, 192.0.2.7"));
    assert!(code == 4 && output.contains("192.0.2.7") && output.contains("VIPA"), "{output}");
    let (code, output) = report(&instance, &addresses("127.0.0.3, 127.0.0.1"));
    assert!(code == 8 && output.contains("is in use at address 127.0.0.1"), "{output}");
}

/// An instance whose component needs Java, as Zowe's own gateway does, or node.js, in a Zowe of version 3.
fn with_zowe_component(name: &str) -> Instance {
    let instance = Instance::new().component(name, SLEEPER, "");
    let directory = instance.runtime().join("components").join(name);
    fs::write(directory.join("manifest.yaml"), format!("name: {name}\nid: org.zowe.{name}\nschemas: {{configs: schema.json}}\n")).unwrap();
    fs::write(instance.runtime().join("manifest.json"), r#"{"name": "Zowe", "version": "3.2.0"}"#).unwrap();
    instance
}

fn program(instance: &Instance, name: &str, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let home = instance.path("home");
    fs::create_dir_all(home.join("bin")).unwrap();
    let file = home.join("bin").join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    home
}

#[test]
fn java_is_found_runs_and_is_new_enough() {
    let instance = with_zowe_component("gateway");
    let home = program(&instance, "java", "echo 'java version \"1.8.0_331\"' >&2");
    let yaml = checks("default: exit") + &format!("java: {{home: {}}}\n", home.display());
    let (code, output) = report(&instance, &yaml);
    assert!(
        code == 8 && output.contains("Java 1.8.0_331 is too old: version 17 or newer is expected (from java.home, needed by gateway)"),
        "{output}"
    );
    assert!(output.contains("over.yaml:2:"), "{output}");

    program(&instance, "java", "echo 'openjdk version \"17.0.4.1\" 2022-08-12' >&2");
    assert_eq!(report(&instance, &yaml), (0, "0 errors, 0 warnings\n".to_string()));
    program(&instance, "java", "echo no memory >&2; exit 3");
    let (code, output) = report(&instance, &yaml);
    assert!(code == 8 && output.contains("ended with exit code 3") && output.contains("'no memory'"), "{output}");
    let (_, output) = launch(&instance, &yaml);
    assert!(output.contains("ZWEL0950E startup check java: ") && output.contains("ZWEL0030E"), "{output}");

    let missing = checks("default: exit") + "java: {home: /no/such/home}\n";
    let (code, output) = report(&instance, &missing);
    assert!(code == 8 && output.contains("/no/such/home/bin/java: Java is not found"), "{output}");
    let (code, output) = report_with(&instance, &checks("java: exit"), &[("JAVA_HOME", "/no/java"), ("PATH", "/none")]);
    assert!(
        code == 8 && output.contains("/no/java/bin/java: Java is not found (from JAVA_HOME, needed by gateway); set java.home"),
        "{output}"
    );
    let (code, output) = report_with(&instance, &checks("java: exit"), &[("PATH", "/none")]);
    assert!(code == 8 && output.contains("Java is not found (from PATH"), "{output}");
    let (code, output) = report_with(&instance, &checks("java: disabled"), &[("PATH", "/none")]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn node_that_hangs_is_ended() {
    let instance = with_zowe_component("app-server");
    let home = program(&instance, "node", "trap '' TERM; sleep 1000 & wait; wait");
    let yaml = checks("default: exit") + &format!("node: {{home: {}}}\n", home.display());
    let (code, output) = report(&instance, &yaml);
    assert!(code == 8 && output.contains("did not say its version within 10 s and was ended"), "{output}");
    assert_eq!(crate::harness::processes_of(instance.directory.path()), Vec::<i32>::new());
    program(&instance, "node", "echo v16.20.0");
    let (code, output) = report(&instance, &yaml);
    assert!(code == 8 && output.contains("node.js v16.20.0 is too old: version 18"), "{output}");
}

#[test]
fn a_runtime_that_nobody_needs_is_at_most_warned_of() {
    let instance = Instance::new().component("gateway", SLEEPER, "");
    let (code, output) = report(&instance, &(checks("default: exit") + "java: {home: /no/such/home}\n"));
    assert!(code == 4 && output.contains("Java is not found"), "{output}");
    let (code, output) = report_with(&instance, &checks("default: exit"), &[("PATH", "/none")]);
    assert_eq!(code, 0, "{output}");
}

#[test]
fn pem_files_good_and_bad() {
    let instance = Instance::new().component("web", SLEEPER, "").extra("haInstances: {lpar1: {hostname: web.example.com}}\n");
    let made = Certificates::new(instance.directory.path());
    made.write("good", &["web.example.com"], |_| {});
    made.write("wild", &["*.example.com"], |_| {});
    made.write("expired", &["web.example.com"], |parameters| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1));
    made.write("future", &["web.example.com"], |parameters| parameters.not_before = rcgen::date_time_ymd(2990, 1, 1));
    made.write("other", &["other.example.com"], |_| {});
    let ask = |certificate: &str, key: &str, rest: &str| report(&instance, &certificate_with(&made.pem(certificate, key), rest));
    for name in ["good", "wild"] {
        let (code, output) = ask(name, name, "");
        assert_eq!(code, 0, "{output}");
    }
    let bad = [
        ("expired", "expired", "", 8, "expired "),
        ("expired", "expired", "  verifyCertificates: DISABLED\n", 4, "expired "),
        ("future", "future", "", 8, "is the clock of this system right?"),
        ("good", "other", "", 8, "the private key is not that of the certificate"),
        ("other", "other", "", 8, "does not cover host name web.example.com (haInstances.lpar1.hostname, "),
        ("other", "other", "  verifyCertificates: NONSTRICT\n", 4, "does not cover host name web.example.com"),
        ("good", "good", "  externalDomains: [public.example.com]\n", 4, "does not cover host name public.example.com"),
        ("absent", "good", "", 8, "absent.pem cannot be read: "),
    ];
    for (certificate, key, rest, expected, said) in bad {
        let (code, output) = ask(certificate, key, rest);
        assert_eq!(code, expected, "{certificate} {key} {rest}: {output}");
        assert!(output.contains(said) && output.contains("over.yaml:"), "{output}");
    }
    // A key where a certificate belongs, a directory, and a warning instead of an end.
    fs::copy(made.directory.join("good.key"), made.directory.join("mixed.pem")).unwrap();
    let (code, output) = ask("mixed", "good", "");
    assert!(code == 8 && output.contains("has none; a PEM file with a certificate is expected"), "{output}");
    fs::create_dir(made.directory.join("folder.pem")).unwrap();
    let (code, output) = ask("folder", "good", "");
    assert!(code == 8 && output.contains("it is a directory, and a file is expected"), "{output}");
    let warned = certificate_yaml(&made.pem("expired", "expired")).replace("user: disabled", "user: disabled, certificate: warn");
    assert_eq!(report(&instance, &warned).0, 4);
    let off = warned.replace("certificate: warn", "certificate: disabled");
    assert_eq!(report(&instance, &off).0, 0);
}

#[test]
fn pkcs12_files_of_both_encryptions_and_a_wrong_password_is_never_printed() {
    let instance = Instance::new().component("web", SLEEPER, "");
    let made = Certificates::new(instance.directory.path());
    made.write("store", &["localhost"], |_| {});
    let keystore = |password: &str, alias: &str| {
        let file = made.directory.join("store.p12");
        let yaml = format!("keystore:\n  type: PKCS12\n  file: {}\n  password: {password}\n  alias: {alias}", file.display());
        report(&instance, &certificate_yaml(&yaml))
    };
    for options in [&[][..], &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]] {
        if !made.pkcs12("store", "s3cr3t-Pass", options) {
            return;
        }
        let (code, output) = keystore("s3cr3t-Pass", "LOCALHOST");
        assert_eq!((code, output.as_str()), (0, "0 errors, 0 warnings\n"), "{options:?}");
        let (code, output) = keystore("wr0ng-Word", "localhost");
        assert!(code == 8 && output.contains("the password is wrong, or the file is damaged"), "{output}");
        assert!(!output.contains("wr0ng-Word") && !output.contains("s3cr3t-Pass"), "{output}");
        let (code, output) = keystore("s3cr3t-Pass", "gateway");
        assert!(code == 8 && output.contains("holds no private key of alias 'gateway' but of localhost"), "{output}");
    }
    // RSA, as most instances have it, with the key of another one beside it.
    let openssl = |arguments: &[&str]| {
        assert!(Command::new("openssl").args(arguments).current_dir(&made.directory).output().unwrap().status.success())
    };
    for name in ["store", "second"] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        openssl(&["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=x", "-keyout", &key, "-out", &certificate]);
    }
    assert!(made.pkcs12("store", "p", &[]));
    assert_eq!(keystore("p", "localhost").0, 0);
    let (code, output) = report(&instance, &certificate_yaml(&made.pem("store", "second")));
    assert!(code == 8 && output.contains("the private key is not that of the certificate"), "{output}");
    assert_eq!(report(&instance, &certificate_yaml(&made.pem("store", "store"))).0, 0);
    // A file that is not a key store, and half of one.
    let whole = fs::read(made.directory.join("store.p12")).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"no store", b""] {
        fs::write(made.directory.join("store.p12"), bytes).unwrap();
        let (code, output) = keystore("p", "localhost");
        assert!(code == 8 && output.contains("is no PKCS12 file, or is damaged"), "{output}");
    }
}

#[test]
fn a_key_ring_is_not_checked_and_never_called_good() {
    let instance = Instance::new().component("web", SLEEPER, "");
    let yaml = certificate_yaml(
        "keystore: {type: JCERACFKS, file: 'safkeyring:////ZWESVUSR/ZoweKeyring', password: password}\npem: {key: '', certificate: ''}",
    );
    let (code, output) = report(&instance, &yaml);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("INFO ") && output.contains("was not checked: key ring safkeyring:////ZWESVUSR/ZoweKeyring"), "{output}");
    // In the launcher the same, as a message.
    let ending = Instance::new().component("web", "exit 0", "");
    let (_, output) = launch(&ending, &yaml);
    assert!(output.contains("ZWEL0952I startup check certificate: ") && output.contains("ZWEL0018I"), "{output}");
}

/// What the fake z/OSMF answers, one after another, the last one for ever: a status, or nothing at all.
type Answers = &'static [Option<u16>];

/// A TLS server that answers, and notes the first line and the header of each request.
struct Zosmf {
    port: u16,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Zosmf {
    fn start(certificate: Vec<u8>, key: Vec<u8>, answers: Answers) -> Zosmf {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let configuration = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .unwrap();
        let configuration = Arc::new(configuration);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        // Ends with the test's process: nobody connects any more then.
        std::thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { break };
                let answer = answers[count.min(answers.len() - 1)];
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let Some(status) = answer else { continue };
                let mut connection = rustls::ServerConnection::new(Arc::clone(&configuration)).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    match tls.read(&mut buffer) {
                        Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
                        _ => break,
                    }
                }
                noted.lock().unwrap().push(String::from_utf8_lossy(&request).to_lowercase());
                let _ = write!(tls, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                let _ = tls.flush();
                connection.send_close_notify();
                let _ = connection.write_tls(&mut stream);
            }
        });
        Zosmf { port, requests }
    }
}

pub(crate) fn gateway(provider: &str, jwt: &str) -> Instance {
    let settings = format!("apiml: {{security: {{auth: {{provider: {provider}, zosmf: {{jwtAutoconfiguration: {jwt}}}}}}}}}");
    Instance::new().component("gateway", SLEEPER, &settings)
}

pub(crate) fn zosmf_yaml(made: &Certificates, port: u16, host: &str, verify: &str) -> String {
    let below = format!("pem: {{certificateAuthorities: {}/ca.pem}}", made.directory.display());
    certificate_with(&below, &format!("  verifyCertificates: {verify}\nzOSMF: {{host: {host}, port: {port}}}\n"))
}

#[test]
#[cfg(feature = "http")]
fn zosmf_is_asked_where_it_is_the_provider() {
    let instance = gateway("zosmf", "jwt");
    let made = Certificates::new(instance.directory.path());
    let (certificate, key) = made.write("zosmf", &["localhost"], |_| {});
    let good = Zosmf::start(certificate.clone(), key.clone(), &[Some(200)]);
    let (code, output) = report(&instance, &zosmf_yaml(&made, good.port, "localhost", "STRICT"));
    assert_eq!((code, output.as_str()), (0, "0 errors, 0 warnings\n"));
    let requests = good.requests.lock().unwrap().clone();
    assert!(
        requests.len() == 2 && requests[0].starts_with("get /zosmf/info http/1.1") && requests[0].contains("x-csrf-zosmf-header: "),
        "{requests:?}"
    );
    assert!(requests[1].starts_with("get /jwt/ibm/api/zosmfbuilder/jwk "), "{requests:?}");

    // Starting, with a connection that is closed and a status 503: asked again.
    let late = Zosmf::start(certificate.clone(), key.clone(), &[None, Some(503), Some(200)]);
    let (code, output) = report(&instance, &zosmf_yaml(&made, late.port, "localhost", "STRICT"));
    assert_eq!(code, 0, "{output}");

    let absent = Zosmf::start(certificate.clone(), key.clone(), &[Some(404)]);
    let (code, output) = report(&instance, &zosmf_yaml(&made, absent.port, "localhost", "STRICT"));
    assert!(
        code == 8 && output.contains("answered with status 404 instead of 200") && output.contains("it is what users log in with"),
        "{output}"
    );
    assert!(output.contains("INFO ") && output.contains("startup check zosmfjwt: was not made"), "{output}");

    let without_tokens = Zosmf::start(certificate.clone(), key.clone(), &[Some(200), Some(404)]);
    let (code, output) = report(&instance, &zosmf_yaml(&made, without_tokens.port, "localhost", "STRICT"));
    assert!(code == 8 && output.contains("startup check zosmfjwt") && output.contains("gives no JSON web tokens"), "{output}");
    assert!(!output.contains("startup check zosmf:"), "{output}");
}

#[test]
#[cfg(feature = "http")]
fn the_certificate_of_zosmf_is_checked_as_verify_certificates_says() {
    let instance = gateway("zosmf", "ltpa");
    let made = Certificates::new(instance.directory.path());
    let (certificate, key) = made.write("zosmf", &["elsewhere.example.com"], |_| {});
    let server = Zosmf::start(certificate, key, &[Some(200)]);
    let ask = |verify: &str| report(&instance, &zosmf_yaml(&made, server.port, "localhost", verify));
    let (code, output) = ask("STRICT");
    assert!(code == 8 && output.contains("has a certificate that is refused: ") && output.contains("not valid for name"), "{output}");
    assert_eq!(ask("NONSTRICT").0, 0);
    // Signed by an authority that the instance does not know.
    Certificates::new(instance.directory.path());
    let (code, output) = ask("NONSTRICT");
    assert!(code == 8 && output.contains("put its certificate authority into the trust store"), "{output}");
    assert_eq!(ask("DISABLED").0, 0);
}

#[test]
#[cfg(feature = "http")]
fn zosmf_is_left_alone_where_it_is_not_the_provider_and_its_check_can_be_switched() {
    // Nothing listens there: asking would fail at once.
    let port = crate::harness::free_port();
    let zosmf = format!("zOSMF: {{host: 127.0.0.1, port: {port}}}\n");
    let (code, output) = report(&gateway("saf", "jwt"), &(checks("default: exit") + &zosmf));
    assert_eq!(code, 0, "{output}");
    let asked = gateway("zosmf", "auto");
    let (code, output) = report(&asked, &(checks("zosmf: warn") + &zosmf));
    assert!(code == 4 && output.contains("did not answer: ") && output.contains("(asked 3 times)"), "{output}");
    assert_eq!(report(&asked, &(checks("zosmf: disabled") + &zosmf)).0, 0);
}

#[test]
fn the_user_is_named_where_it_is_root() {
    let instance = Instance::new().component("web", SLEEPER, "");
    let (code, output) = report(&instance, "zowe: {launchScript: {startupChecks: {default: exit}}}\n");
    let is_root = nix::unistd::geteuid().is_root();
    assert_eq!(code, if is_root { 4 } else { 0 }, "{output}");
    assert_eq!(output.contains("has UID 0"), is_root, "{output}");
}

#[test]
fn the_checks_are_made_for_the_instances_of_this_system_only() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let instance = Instance::new()
        .component("web", SLEEPER, &format!("port: {port}"))
        .extra("haInstances: {lpar1: {sysname: ELSEWHERE, hostname: localhost}}\n");
    let (code, output) = report(&instance, &checks("default: exit"));
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("INFO the start-up checks of HA instance lpar1 were not made: it is of system ELSEWHERE"), "{output}");
}
