//! Key rings: the stub answers R_datalib with certificates that openssl has made.

use crate::harness::{Instance, program_or_skip};
use crate::rehearsal_table::from_1047;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use zwelnch::platform::ebcdic::to_ibm_1047;

const RING: &str = "rings/ZWESVUSR.ZoweKeyring";
const TRUST: u32 = 0x8000_0000;
const NOTRUST: u32 = 0x2000_0000;

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, a server's certificate by it, and one that has expired; in DER.
fn make(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let config = "[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
    for (name, text) in
        [("ca.cnf", config), ("index.txt", ""), ("serial", "01\n"), ("server.ext", "subjectAltName=DNS:zowe.example.com,DNS:localhost\n")]
    {
        fs::write(directory.join(name), text).unwrap();
    }
    let authority =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=Authority", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(directory, &authority);
    for (name, dates) in [("server", ["20250101000000Z", "20990101000000Z"]), ("old", ["20200101000000Z", "20210101000000Z"])] {
        let (key, request, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        openssl(directory, &["req", "-newkey", "rsa:2048", "-nodes", "-subj", &format!("/CN={name}"), "-keyout", &key, "-out", &request]);
        let sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-extfile", "server.ext"];
        openssl(directory, &[&sign[..], &["-startdate", dates[0], "-enddate", dates[1], "-in", &request, "-out", &pem]].concat());
    }
    for name in ["ca", "server", "old"] {
        openssl(directory, &["x509", "-in", &format!("{name}.pem"), "-outform", "DER", "-out", &format!("{name}.der")]);
    }
}

struct Site(Instance);

impl Site {
    /// None, with a message, where openssl is missing.
    fn new() -> Option<Site> {
        program_or_skip("openssl")?;
        let site = Site(Instance::new().component("web", "exec sleep 1000", ""));
        fs::create_dir_all(site.0.path("zos/bin")).unwrap();
        // As shells read it there.
        let script = site.0.component_directory("web").join("bin/start.sh");
        fs::write(script, to_ibm_1047("exec sleep 1000\n")).unwrap();
        make(&site.0.path("zos").join(RING));
        Some(site)
    }

    fn ring(&self) -> PathBuf {
        self.0.path("zos").join(RING)
    }

    /// (file, usage, status, default, key, label) of each certificate.
    fn index(&self, entries: &[(&str, u32, u32, u8, &str, &str)]) {
        let line = |(file, usage, status, default, key, label): &(&str, u32, u32, u8, &str, &str)| {
            format!("{file}.der {usage} {status} {default} ZWESVUSR {key} {label}\n")
        };
        fs::write(self.ring().join("index"), entries.iter().map(line).collect::<String>()).unwrap();
    }

    /// `zwelnch check --startup` with a certificate of the configuration: the code and the report.
    fn check(&self, certificate: &str) -> (i32, String) {
        self.0.write_config();
        let over = format!(
            "zowe:\n  externalDomains: [zowe.example.com]\n  launchScript: {{startupChecks: {{default: disabled, certificate: exit}}}}\n  certificate:\n    {}\n",
            certificate.replace('\n', "\n    ")
        );
        fs::write(self.0.path("over.yaml"), over).unwrap();
        let config = format!("FILE({}):FILE({})", self.0.path("over.yaml").display(), self.0.config().display());
        self.run(&["check", "--startup", "-c", &config])
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = match std::env::var("ZWELNCH_EMULATOR") {
            Ok(words) => {
                let mut by = Command::new("/bin/sh");
                by.args(["-c", &format!("exec {words} \"$0\" \"$@\""), crate::harness::program()]);
                by
            }
            Err(_) => crate::harness::settled_program(),
        };
        let output =
            command.args(arguments).env_remove("CONFIG").env("ZWELNCH_ZOS_STUB", self.0.path("zos")).stdin(Stdio::null()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&from_1047(&text)).into_owned())
    }

    fn asked_for_a_key(&self) -> bool {
        self.0.path("zos/rings/private-key-asked-for").exists()
    }
}

fn keystore(alias: &str) -> String {
    format!("keystore: {{type: JCERACFKS, file: 'safkeyring:////ZWESVUSR/ZoweKeyring', alias: '{alias}', password: password}}")
}

const TRUSTSTORE: &str = "truststore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/ZoweKeyring', password: password}";

#[test]
fn certificates_of_a_ring_are_checked_as_those_of_files() {
    let Some(site) = Site::new() else { return };
    site.index(&[
        ("ca", 2, TRUST, 0, "no", "Zowe CA (test)"),
        ("old", 8, TRUST, 1, "no", "Old one"),
        ("server", 8, TRUST, 0, "no", "localhost"),
    ]);
    let both = |alias: &str| format!("{}\n{TRUSTSTORE}", keystore(alias));
    let (code, report) = site.check(&both("localhost"));
    assert_eq!((code, report.as_str()), (0, "0 errors, 0 warnings\n"));
    // The default of the ring, where no alias is set.
    let (code, report) = site.check(&keystore(""));
    assert!(code == 8 && report.contains("safkeyring:////ZWESVUSR/ZoweKeyring: the certificate 'CN=old' expired "), "{report}");
    let (code, report) = site.check(&keystore("gateway"));
    assert!(code == 8 && report.contains("has no certificate 'gateway' but 'Old one', 'localhost'; correct the alias"), "{report}");
    let (code, report) = site.check(&keystore("zowe ca (test)"));
    assert!(code == 8 && report.contains("has certificate 'Zowe CA (test)' with usage CERTAUTH"), "{report}");
    // node.js names ring and certificate together; and an authority that has expired.
    let pem = "pem: {key: 'safkeyring://ZWESVUSR/ZoweKeyring&localhost', certificate: 'safkeyring://ZWESVUSR/ZoweKeyring&localhost', certificateAuthorities: 'safkeyring://ZWESVUSR/ZoweKeyring&Old CA'}";
    site.index(&[("old", 2, TRUST, 0, "no", "Old CA"), ("server", 8, TRUST, 0, "no", "localhost")]);
    let (code, report) = site.check(pem);
    assert!(
        code == 4 && report.contains("the certificate authority 'CN=old' expired ") && report.contains("0 errors, 1 warning"),
        "{report}"
    );
    site.index(&[("server", 8, NOTRUST, 0, "no", "localhost")]);
    let (code, report) = site.check(&keystore("localhost"));
    assert!(code == 8 && report.contains("'localhost' of ZWESVUSR with status NOTRUST"), "{report}");
    assert!(!site.asked_for_a_key());
}

/// What has been seen in the field: zowe-install-packaging#2663 (8 8 8), zwe's own validation (8 8 84).
#[test]
fn why_a_ring_cannot_be_read_is_told_in_words_with_the_codes() {
    let Some(site) = Site::new() else { return };
    let answer = |codes: &str| {
        fs::write(site.ring().join("codes"), codes).unwrap();
        site.check(&keystore("localhost"))
    };
    let (code, report) = answer("8 8 8");
    assert!(code == 0 && report.contains("was not checked: key ring safkeyring:////ZWESVUSR/ZoweKeyring cannot be read: this user is not authorized (8 8 8); permit READ to OWNER.RING.LST in class RDATALIB"), "{report}");
    let (code, report) = answer("4 0 0");
    assert!(code == 0 && report.contains("no security manager answers (RACF is not installed) (4 0 0)"), "{report}");
    let (code, report) = answer("8 12 534300");
    assert!(code == 0 && report.contains("ICSF return code 8, reason code 10012 (8 12 534300)"), "{report}");
    // No such ring, and no name of one: the configuration is wrong.
    let (code, report) = site.check("keystore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/zowekeyring'}");
    assert!(code == 8 && report.contains("cannot be read: there is no such ring (8 8 84)"), "{report}");
    let (code, report) = site.check("keystore: {type: JCERACFKS, file: 'safkeyring://ZWESVUSR/'}");
    assert!(code == 8 && report.contains("names no key ring"), "{report}");
    // An empty ring.
    fs::remove_file(site.ring().join("codes")).unwrap();
    site.index(&[]);
    let (code, report) = site.check(&keystore("localhost"));
    assert!(code == 8 && report.contains("has no certificate 'localhost', and none with usage PERSONAL"), "{report}");
}

/// Where the user may have the private key, the service wants a place for it. It gets none.
#[test]
fn a_private_key_is_never_asked_for() {
    let Some(site) = Site::new() else { return };
    let ca = ("ca", 2, TRUST, 0, "no", "Zowe CA");
    site.index(&[("server", 8, TRUST, 1, "given", "localhost"), ca]);
    assert_eq!(site.check(&keystore("localhost")), (0, "0 errors, 0 warnings\n".to_owned()));
    site.index(&[("server", 8, TRUST, 1, "withheld", "localhost"), ca]);
    let (code, report) = site.check(&keystore("localhost"));
    assert!(code == 0 && report.contains("was not checked: certificate 'localhost' of key ring safkeyring:////ZWESVUSR/ZoweKeyring cannot be read: the certificate is given with its private key only, which is not asked for (8 8 48)"), "{report}");
    // The authorities behind it are trusted all the same.
    assert_eq!(site.check(TRUSTSTORE), (0, "0 errors, 0 warnings\n".to_owned()));
    // A service that does not go on ends the reading.
    site.index(&[("server", 8, TRUST, 1, "stuck", "localhost"), ca]);
    let (code, report) = site.check(&keystore("localhost"));
    assert!(code == 0 && report.contains("(8 8 48)"), "{report}");
    assert!(!site.asked_for_a_key());
}

#[test]
fn a_ring_that_is_too_large_is_refused_and_said() {
    let Some(site) = Site::new() else { return };
    let labels: Vec<String> = (0..501).map(|number| format!("label {number}")).collect();
    let entries = |count: usize| labels.iter().take(count).map(|label| ("server", 8, TRUST, 0, "no", label.as_str())).collect::<Vec<_>>();
    site.index(&entries(500));
    assert_eq!(site.check(&keystore("label 499")), (0, "0 errors, 0 warnings\n".to_owned()));
    site.index(&entries(501));
    let (code, report) = site.check(&keystore("label 499"));
    assert!(code == 0 && report.contains("has more than 500 certificates, or more than 4 MiB of them, and is not read"), "{report}");
    // 4 MiB are full before the certificates are.
    let mut large = fs::read(site.ring().join("server.der")).unwrap();
    large.resize(200 * 1024, 0);
    fs::write(site.ring().join("server.der"), large).unwrap();
    site.index(&entries(30));
    let (code, report) = site.check(&keystore("label 1"));
    assert!(code == 0 && report.contains("more than 4 MiB of them"), "{report}");
}

/// An openssl server that answers every request to `eureka/apps` with an empty registry; ended with this.
struct Server(Child, u16);

impl Server {
    fn start(directory: &Path) -> Server {
        fs::create_dir_all(directory.join("eureka")).unwrap();
        let body = "{\"applications\":{\"application\":[]}}";
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        fs::write(directory.join("eureka/apps"), answer).unwrap();
        let arguments = ["s_server", "-HTTP", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key"];
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let accept = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned)).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Server(child, accept.rsplit(':').next().unwrap().trim().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ha_verifies_servers_by_the_authorities_of_the_ring() {
    let Some(site) = Site::new() else { return };
    let server = Server::start(&site.ring());
    let port = server.1;
    let config = format!(
        "zowe:\n  runtimeDirectory: {0}\n  workspaceDirectory: {0}\n  certificate:\n    {TRUSTSTORE}\n    {1}\ncomponents: {{discovery: {{enabled: true}}}}\nhaInstances:\n  lpar1: {{hostname: localhost, components: {{discovery: {{port: {port}}}}}}}\n",
        site.0.path("").display(),
        keystore("localhost"),
    );
    fs::write(site.0.config(), config).unwrap();
    let file = |name: &str| site.ring().join(name).display().to_string();
    let (certificate, key, config) = (file("server.pem"), file("server.key"), site.0.config().display().to_string());
    // A handshake may take an emulator longer than the second that a single question has.
    let timeout = if std::env::var_os("ZWELNCH_EMULATOR").is_some() { "20" } else { "0" };
    let verify = |files: &[&str]| site.run(&[&["ha", "verify", "--timeout", timeout, "-c", &config][..], files].concat());
    let own = ["--certificate", &certificate, "--key", &key];

    site.index(&[("ca", 2, TRUST, 0, "no", "Zowe CA"), ("server", 8, TRUST, 1, "withheld", "localhost")]);
    let (code, output) = verify(&own);
    assert!(code == 0 && output.contains("The Discovery Services agree"), "{output}");
    // A client certificate cannot come from the ring: that is said, with what to do.
    let (code, output) = verify(&[]);
    assert!(
        code == 8 && output.contains("whose private key this program never asks for: export certificate and key as PEM files"),
        "{output}"
    );
    // The authority is not in the ring.
    site.index(&[("old", 2, TRUST, 0, "no", "another")]);
    let (code, output) = verify(&own);
    assert!(code == 8 && output.contains("its certificate is refused"), "{output}");
    // Nobody may read it.
    fs::write(site.ring().join("codes"), "8 8 8").unwrap();
    let (code, output) = verify(&own);
    assert!(code == 8 && output.contains("this user is not authorized (8 8 8)") && output.contains("with --ca"), "{output}");
    let authority = file("ca.pem");
    let (code, output) = verify(&[&own[..], &["--ca", &authority]].concat());
    assert_eq!(code, 0, "{output}");
    assert!(!site.asked_for_a_key());
}
