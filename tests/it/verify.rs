//! `zwelnch ha verify` and `ha status` with Discovery Services.

use crate::certificates::Certificates;
use crate::eureka::{Registry, Shape, Tls};
use crate::harness::{Instance, PATIENCE, text, wait_until};
use serde_json::Value;
use std::fs;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SLEEPER: &str = "exec sleep 1000";
const LEASE: Duration = Duration::from_secs(90);

/// A configuration of HA instances whose Discovery Services are `registries`.
fn sysplex(registries: &[&Registry], scheme: &str, extra: &str) -> Instance {
    let mut instance = Instance::new().extra("haInstances:\n");
    for (number, registry) in registries.iter().enumerate() {
        let number = number + 1;
        instance = instance.extra(&format!(
            "  lpar{number}:\n    hostname: localhost\n    sysname: LPR{number}\n    components:\n      gateway: {{port: {0}}}\n      discovery: {{port: {0}}}\n",
            registry.port
        ));
    }
    // The message that a service of API ML has started.
    let exec = "echo ZWEAM000I; exec sleep 1000";
    instance = instance.component("gateway", exec, &format!("scheme: {scheme}")).component("discovery", exec, &format!("scheme: {scheme}"));
    instance.manifest("gateway", "commands: {start: bin/start.sh}\napimlServices:\n  dynamic:\n    - serviceId: gateway\n");
    instance.write_config();
    let yaml = fs::read_to_string(instance.config()).unwrap();
    fs::write(instance.config(), yaml.replacen("zowe:\n", &format!("zowe:\n{extra}"), 1)).unwrap();
    instance
}

fn ha(instance: &Instance, arguments: &[&str]) -> (i32, String) {
    let output: Output = instance.launcher(&["ha"]).args(arguments).stdin(Stdio::null()).output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

#[test]
fn registries_that_copy_each_other_agree_in_every_shape() {
    for (one, other) in [(Shape::Lists, Shape::Singles), (Shape::Singles, Shape::Xml), (Shape::Xml, Shape::Lists)] {
        let (first, second) = (Registry::start(one, None), Registry::start(other, None));
        first.copy_to(Some(&second));
        second.copy_to(Some(&first));
        let instance = sysplex(&[&first, &second], "http", "");
        first.register("gateway", "one:gateway:7554", "one", LEASE);
        second.register("gateway", "two:gateway:7554", "two", LEASE);
        assert_eq!((first.renew("gateway", "two:gateway:7554"), second.renew("gateway", "nobody")), (200, 404));
        let (code, output) = ha(&instance, &["verify", "--timeout", "20s"]);
        assert_eq!(code, 0, "{one:?} {other:?}: {output}");
        assert!(output.contains("lpar1, lpar2 see gateway 2") && output.contains("expected and there: gateway 2"), "{output}");
        assert!(first.requests().iter().any(|request| request == "GET /eureka/apps"), "{:?}", first.requests());
        // Cancelled at one registry, gone at both.
        assert_eq!(second.cancel("gateway", "one:gateway:7554"), 200);
        let (code, output) = ha(&instance, &["verify", "--timeout", "0", "--expect", "gateway=1"]);
        assert_eq!(code, 0, "{output}");
    }
}

#[test]
fn what_differs_is_told_for_each_side_and_waited_for() {
    let (first, second) = (Registry::start(Shape::Lists, None), Registry::start(Shape::Singles, None));
    let instance = sysplex(&[&first, &second], "http", "");
    first.register("gateway", "one:gateway:7554", "one", LEASE);
    second.register("gateway", "two:gateway:7554", "two", LEASE);
    let (code, output) = ha(&instance, &["verify", "--timeout", "1s"]);
    assert_eq!(code, 8, "{output}");
    for expected in [
        "lpar1, lpar2 see gateway 1",
        "lpar1: 1 instances of gateway are UP, 2 are expected: one:gateway:7554 UP",
        "lpar2: its registry lacks gateway one:gateway:7554, which is UP in the registry of lpar1",
    ] {
        assert!(output.contains(expected), "{expected} is missing in {output}");
    }
    // It waits: a lease that nobody renews runs out, and then the counts are right.
    let (first, second) = (Registry::start(Shape::Lists, None), Registry::start(Shape::Lists, None));
    first.copy_to(Some(&second));
    let instance = sysplex(&[&first, &second], "http", "");
    for (id, lease) in [("one", LEASE), ("two", LEASE), ("crashed", Duration::from_secs(3))] {
        first.register("gateway", id, id, lease);
    }
    let begun = Instant::now();
    let (code, output) = ha(&instance, &["verify", "--timeout", "60s"]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("waiting: lpar1, lpar2: 3 instances of gateway are UP, 2 are expected") && begun.elapsed() > Duration::from_secs(1),
        "{output}"
    );
    // A registry that cannot be asked is a difference.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let yaml = fs::read_to_string(instance.config()).unwrap().replace(&second.port.to_string(), &port.to_string());
    fs::write(instance.config(), yaml).unwrap();
    let (code, output) = ha(&instance, &["verify", "--timeout", "0"]);
    assert!(code == 8 && output.contains(&format!("lpar2: its Discovery Service cannot be asked: http://localhost:{port}:")), "{output}");
}

#[test]
fn status_shows_every_instance_and_what_its_peers_lack() {
    let (first, second) = (Registry::start(Shape::Lists, None), Registry::start(Shape::Lists, None));
    let instance = sysplex(&[&first, &second], "http", "  job: {name: ZWESLSTC}\n  launchScript: {startupChecks: {ports: disabled}}\n");
    fs::write(instance.system().join("SYSNAME"), "LPR1\n").unwrap();
    first.register("gateway", "one:gateway:7554", "one", LEASE);
    let mut running = crate::harness::Running::spawn(instance.launcher(&["lpar1"]), instance.directory.path());
    running.wait_for("ZWEL0901I");
    let syslog = || fs::read(instance.system().join("SYSLOG")).unwrap();
    let before = syslog();
    let (code, output) = ha(&instance, &["status"]);
    assert_eq!(code, 4, "{output}");
    assert_eq!(String::from_utf8_lossy(&syslog()), String::from_utf8_lossy(&before), "looking leaves no trace");
    for expected in [
        "lpar1     LPR1    ZWESLSTC  -      active    2/2    answers  -        1 up of 1  -",
        "lpar2     LPR2    ZWESLSTC  -      unknown   -      answers  -        0 up of 0  1",
        "lpar2: the launcher's state is not known: IEE499I ROUTE COMMAND NOT PROCESSED: SYSTEM LPR2 IS NOT IN THIS SYSPLEX; --system DIR names the system whose console is asked",
        "lpar2: its registry lacks gateway one:gateway:7554, which is UP in the registry of lpar1",
    ] {
        assert!(output.contains(expected), "{expected} is missing in {output}");
    }
    let (code, output) = ha(&instance, &["status", "--format", "json"]);
    let json: Value = serde_json::from_str(&output).unwrap();
    assert!(code == 4 && json["good"] == false, "{output}");
    assert_eq!(json["instances"][0]["launcher"]["components"][0]["ready"], true, "{output}");
    assert_eq!(json["instances"][1]["lacking"][0]["knownTo"][0], "lpar1", "{output}");
    instance.console("P ZWESLSTC");
    assert_eq!(running.wait_end(), 0);
}

/// A server that wants certificates of the authority, and one of its own.
fn wants_certificates(made: &Certificates, ca: &[u8], host: &str) -> Tls {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let (certificate, key) = made.write("server", &[host], |_| ());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(ca.to_vec())).unwrap();
    let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![CertificateDer::from(certificate)], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))
        .unwrap();
    Arc::new(configuration)
}

#[test]
fn https_with_the_instances_own_certificate_and_trust_store() {
    let directory = tempfile::tempdir().unwrap();
    let made = Certificates::new(directory.path());
    made.write("client", &["localhost"], |_| ());
    let good = Registry::start(Shape::Lists, Some(wants_certificates(&made, &made.authority_der(), "localhost")));
    let misnamed = Registry::start(Shape::Lists, Some(wants_certificates(&made, &made.authority_der(), "other.example.com")));
    let verify = |registry: &Registry, settings: &str, options: &[&str]| {
        let instance = sysplex(&[registry], "https", settings);
        ha(&instance, &[&["verify", "--timeout", "0", "--expect", "gateway=0"], options].concat())
    };
    let place = directory.path().display().to_string();
    let pem = format!("  certificate:\n    {}\n", made.pem("client", "client").replace('\n', "\n    "));
    let (code, output) = verify(&good, &pem, &[]);
    assert_eq!(code, 0, "{output}");
    // A server that is not the one it should be, and settings that allow it.
    let (code, output) = verify(&misnamed, &pem, &[]);
    assert!(code == 8 && output.contains("its certificate is refused"), "{output}");
    for word in ["NONSTRICT", "DISABLED"] {
        let (code, output) = verify(&misnamed, &format!("  verifyCertificates: {word}\n{pem}"), &[]);
        assert_eq!(code, 0, "{word}: {output}");
    }
    // Without a certificate the server refuses; without its authority we do.
    let (code, output) = verify(&good, "  verifyCertificates: DISABLED\n", &[]);
    assert!(code == 8 && output.contains("cannot be asked"), "{output}");
    let (code, output) = verify(&good, &pem.replace(&format!("certificateAuthorities: {place}/ca.pem"), ""), &[]);
    assert!(code == 8 && output.contains("its certificate is refused"), "{output}");
    // A key ring is refused, with what to do instead, and that does it.
    let ring = "  certificate:\n    keystore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/ZoweKeyring', alias: localhost}\n    truststore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/ZoweKeyring'}\n";
    let (code, output) = verify(&good, ring, &[]);
    assert!(
        code == 8
            && output.contains("safkeyring://ZWESVUSR/ZoweKeyring")
            && output.contains("name them with --certificate, --key and --ca"),
        "{output}"
    );
    let file = |name: &str| format!("{place}/{name}");
    let (code, output) =
        verify(&good, ring, &["--certificate", &file("client.pem"), "--key", &file("client.key"), "--ca", &file("ca.pem")]);
    assert_eq!(code, 0, "{output}");
    // A PKCS12 key store; the password is never shown.
    if made.pkcs12("client", "s3cret", &[]) {
        let store = |password: &str| {
            format!(
                "  certificate:\n    keystore: {{type: PKCS12, file: '{place}/client.p12', alias: localhost, password: {password}}}\n    pem: {{certificateAuthorities: '{place}/ca.pem'}}\n"
            )
        };
        let (code, output) = verify(&good, &store("s3cret"), &[]);
        assert_eq!(code, 0, "{output}");
        let (code, output) = verify(&good, &store("wr0ng"), &[]);
        assert!(code == 8 && output.contains("the password is wrong") && !output.contains("wr0ng"), "{output}");
    }
}

/// Where each question would be an operator command, a launcher is known by its journal and its lock: that has to be what DISP says.
#[test]
fn the_journal_says_of_a_launcher_what_disp_says() {
    use zwelnch::ha::{journals::Journals, status, target};
    let crash = "echo READY; sleep 0.1; exit 3";
    let instance = Instance::new()
        .component("alpha", "echo READY; exec sleep 1000", "launcher: {readiness: READY}")
        .component("beta", SLEEPER, "")
        .component("crasher", crash, "launcher: {restartIntervals: []}")
        .component("gone", SLEEPER, "");
    let instance = instance.extra("haInstances: {lpar1: {hostname: localhost}}\n");
    instance.write_config();
    let platform = zwelnch::platform::NativePlatform::for_command();
    let named = target::Named { id: None, config: instance.config().display().to_string() };
    let target = target::targets(&[named], &platform).unwrap().remove(0);
    let target = target::Target { job_name: "ZWESLSTC".into(), ..target };
    let journals = Journals::default();
    let by_journal = || journals.launcher(&target, &platform);
    assert_eq!(by_journal(), status::Launcher::NotActive, "nothing of it was ever there");
    let mut running = instance.up();
    let system = zwelnch::system::SystemDirectory::open(Some(&instance.system())).unwrap();
    let sorted = |launcher| match launcher {
        status::Launcher::Active(mut all) => {
            all.sort_by(|one: &status::ComponentState, other| one.name.cmp(&other.name));
            status::Launcher::Active(all)
        }
        other => other,
    };
    let agree = |count: usize| {
        let seen = wait_until(Instant::now() + PATIENCE, || {
            let by_console = sorted(status::launcher(&target, &system, PATIENCE));
            let is_one = matches!(&by_console, status::Launcher::Active(all) if all.len() == count);
            (is_one && sorted(by_journal()) == by_console).then_some(by_console)
        });
        seen.unwrap_or_else(|| panic!("{:?}\n{:?}", by_journal(), status::launcher(&target, &system, PATIENCE)))
    };
    running.wait_for("ZWEL0038E");
    let status::Launcher::Active(all) = agree(4) else { panic!() };
    let states: Vec<(&str, bool)> = all.iter().map(|one| (one.state.as_str(), one.ready)).collect();
    assert_eq!(states, [("ready", true), ("ready", true), ("failed", false), ("ready", true)]);
    instance.modify("STOP(beta)");
    running.wait_for("ZWEL0002I component beta stopped");
    agree(4);
    // One that RELOAD takes out, running, and one that is down.
    let yaml = fs::read_to_string(instance.config()).unwrap();
    let without =
        |yaml: &str, name: &str| yaml.replacen(&format!("  {name}:\n    enabled: true"), &format!("  {name}:\n    enabled: false"), 1);
    let shorter = without(&without(&yaml, "gone"), "beta");
    assert_ne!(shorter, yaml);
    fs::write(instance.config(), shorter).unwrap();
    instance.modify("RELOAD");
    agree(2);
    // What has asked so often is in no log.
    let syslog = fs::read_to_string(instance.system().join("SYSLOG")).unwrap();
    assert!(!syslog.contains("APPL=DISP"), "{syslog}");
    // Killed, it tells no end.
    let holder = fs::read_to_string(instance.path("workspace/.env/.lpar1.lock")).unwrap();
    assert!(holder.starts_with("ZWESLSTC "), "{holder}");
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.wait_end();
    assert_eq!(by_journal(), status::Launcher::NotActive);
}
