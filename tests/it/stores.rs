//! Key stores, PEM files and addresses of a configuration, as keytool, openssl and the system's own bind take them.

use crate::harness::{Instance, free_port, program_or_skip, text};
use crate::judged::openssl;
use crate::startup::{certificate_with, report};
use std::fs;
use std::path::Path;
use std::process::Command;

fn keytool(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("keytool").args(arguments).args(["-storepass", "password"]).current_dir(directory).output().unwrap();
    text(&output)
}

/// What `check --startup` says of a key store, with an alias or without.
fn judge(instance: &Instance, file: &str, alias: &str) -> (i32, String) {
    let directory = instance.directory.path().display();
    let alias = if alias.is_empty() { String::new() } else { format!(", alias: {alias}") };
    let below = format!("keystore: {{type: PKCS12, file: {directory}/{file}, password: password{alias}}}");
    report(instance, &certificate_with(&below, ""))
}

/// Every file, with every alias that keytool lists for it, and with one that it does not.
#[test]
fn key_stores_are_judged_as_keytool_judges_them() {
    if ["openssl", "keytool"].iter().any(|program| program_or_skip(program).is_none()) {
        return;
    }
    let instance = Instance::new().component("web", "exit 0", "");
    let directory = instance.directory.path();
    for name in ["a", "b"] {
        let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=x", "-keyout", &key, "-out", &file];
        openssl(directory, &make);
    }
    let export = |file: &str, options: &[&str]| {
        let all = ["pkcs12", "-export", "-in", "a.pem", "-inkey", "a.key", "-passout", "pass:password", "-out", file];
        openssl(directory, &[&all[..], options].concat());
    };
    export("unnamed.p12", &[]);
    export("named.p12", &["-name", "LocalHost"]);
    export("with-authority.p12", &["-certfile", "b.pem"]);
    export("without-mac.p12", &["-nomac"]);
    export("without-encryption.p12", &["-keypbe", "NONE", "-certpbe", "NONE"]);
    export("aes128-sha1.p12", &["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha512"]);
    for cipher in ["PBE-SHA1-RC2-40", "PBE-SHA1-RC2-128", "PBE-SHA1-RC4-128", "PBE-SHA1-3DES"] {
        export(&format!("{cipher}.p12"), &["-legacy", "-keypbe", cipher, "-certpbe", cipher, "-macalg", "sha1"]);
    }
    let whole = fs::read(directory.join("unnamed.p12")).unwrap();
    fs::write(directory.join("with-bytes-behind.p12"), [&whole[..], b"\n\0garbage"].concat()).unwrap();
    fs::write(directory.join("cut.p12"), &whole[..whole.len() - 1]).unwrap();
    // The outermost element with an open length, as other programs write it.
    assert_eq!(whole[..2], [0x30, 0x82]);
    fs::write(directory.join("open-length.p12"), [&[0x30, 0x80], &whole[4..], &[0, 0]].concat()).unwrap();
    for (file, kind, alias, key) in [
        ("several.p12", "PKCS12", "First", "RSA"),
        ("several.p12", "PKCS12", "second", "EC"),
        ("older.jks", "JKS", "old", "RSA"),
        ("older.jceks", "JCEKS", "old", "RSA"),
    ] {
        let said =
            keytool(directory, &["-genkeypair", "-keyalg", key, "-alias", alias, "-dname", "CN=x", "-keystore", file, "-storetype", kind]);
        assert!(directory.join(file).exists(), "{said}");
    }
    keytool(directory, &["-importcert", "-noprompt", "-alias", "trusted", "-file", "b.pem", "-keystore", "several.p12"]);
    let mut files: Vec<String> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|file| [".p12", ".jks", ".jceks"].iter().any(|ending| file.ends_with(ending)));
    files.sort();
    assert_eq!(files.len(), 16, "{files:?}");
    for file in files {
        let listed = keytool(directory, &["-list", "-storetype", "PKCS12", "-keystore", &file]);
        let aliases: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains("PrivateKeyEntry"))
            .filter_map(|line| line.split_once(','))
            .map(|(alias, _)| alias)
            .collect();
        // "" is the first key.
        for alias in aliases.iter().copied().chain([""]).filter(|_| !aliases.is_empty()) {
            let (code, output) = judge(&instance, &file, alias);
            assert!(code == 0 && !output.contains("ERROR"), "{file} {alias}: {output}\n{listed}");
        }
        let (code, output) = judge(&instance, &file, "9");
        // Not to be judged, or not there.
        assert!(output.contains("was not checked: ") || code == 8, "{file}: {output}");
        if aliases.is_empty() {
            assert!(code == 8, "keytool takes no key from {file}: {output}");
        }
        // What is known of every cipher but one, and of the older kind.
        let is_read = !["PBE-SHA1-RC4-128.p12", "older.jks"].contains(&file.as_str());
        assert_eq!(!output.contains("was not checked: "), is_read, "{file}: {output}");
    }
}

#[test]
fn the_private_keys_and_certificates_of_openssl_are_read_whatever_stands_beside_them() {
    if program_or_skip("openssl").is_none() {
        return;
    }
    let instance = Instance::new().component("web", "exit 0", "");
    let directory = instance.directory.path();
    let make = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "90",
        "-utf8",
        "-subj",
        "/CN=M\u{fc}ller",
        "-keyout",
        "a.key",
        "-out",
        "a.pem",
    ];
    openssl(directory, &make);
    openssl(directory, &["rsa", "-in", "a.key", "-traditional", "-aes128", "-passout", "pass:password", "-out", "traditional.key"]);
    openssl(directory, &["pkcs8", "-topk8", "-in", "a.key", "-passout", "pass:password", "-out", "encrypted.key"]);
    openssl(directory, &["rsa", "-in", "a.key", "-traditional", "-out", "plain.key"]);
    openssl(
        directory,
        &["pkcs12", "-export", "-in", "a.pem", "-inkey", "a.key", "-passout", "pass:p", "-name", "M\u{fc}ller", "-out", "a.p12"],
    );
    openssl(directory, &["pkcs12", "-in", "a.p12", "-passin", "pass:p", "-nodes", "-out", "bag.pem"]);
    openssl(directory, &["x509", "-in", "a.pem", "-trustout", "-addtrust", "serverAuth", "-out", "trusted.pem"]);
    openssl(directory, &["x509", "-in", "a.pem", "-text", "-nameopt", "utf8", "-out", "text.pem"]);
    // openssl writes names into the attributes of bags in Latin-1.
    let read = |file: &str| fs::read(directory.join(file)).unwrap().into_iter().map(char::from).collect::<String>();
    fs::write(directory.join("latin.pem"), [b"M\xfcller \xff\n".as_slice(), read("a.pem").as_bytes(), b"\xe9\n"].concat()).unwrap();
    let ebcdic = |file: &str| zwelnch::platform::ebcdic::to_ibm_1047(&read(file));
    fs::write(directory.join("ebcdic.pem"), ebcdic("bag.pem")).unwrap();
    fs::write(directory.join("mixed.pem"), format!("-----BEGIN X-----\n!!!\n-----END X-----\r\n{}", read("a.pem").replace('\n', "\r\n")))
        .unwrap();
    let ask = |certificate: &str, key: &str| {
        let below = format!("pem: {{certificate: {0}/{certificate}, key: {0}/{key}}}", directory.display());
        report(&instance, &certificate_with(&below, ""))
    };
    for certificate in ["a.pem", "bag.pem", "trusted.pem", "text.pem", "latin.pem", "ebcdic.pem", "mixed.pem"] {
        assert_eq!(ask(certificate, "a.key"), (0, "0 errors, 0 warnings\n".into()), "{certificate}");
    }
    for key in ["plain.key", "bag.pem", "ebcdic.pem"] {
        assert_eq!(ask("a.pem", key), (0, "0 errors, 0 warnings\n".into()), "{key}");
    }
    for key in ["traditional.key", "encrypted.key"] {
        let (code, output) = ask("a.pem", key);
        assert!(code == 0 && output.contains("was not checked: it is encrypted"), "{key}: {output}");
    }
    // And still: a damaged block, the key of another.
    fs::write(directory.join("damaged.pem"), read("a.pem").replacen('M', "!", 2)).unwrap();
    let (code, output) = ask("damaged.pem", "a.key");
    assert!(code == 8 && output.contains("block CERTIFICATE is damaged"), "{output}");
    openssl(directory, &["genrsa", "-traditional", "-out", "other.key", "2048"]);
    let (code, output) = ask("a.pem", "other.key");
    assert!(code == 8 && output.contains("the private key is not that of the certificate"), "{output}");
}

/// The system says whether two listeners meet: the second cannot be bound.
#[test]
fn two_spellings_of_an_address_meet_where_the_system_says_so() {
    let spellings = ["127.0.0.1", "127.0.0.2", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"];
    for (index, one) in spellings.iter().enumerate() {
        for other in &spellings[index..] {
            let port = free_port();
            let bind = |text: &str| std::net::TcpListener::bind((text.parse::<std::net::IpAddr>().unwrap(), port));
            let first = bind(one).unwrap();
            let meet = bind(other).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse);
            drop(first);
            let settings = |text: &str| format!("port: {port}\nzowe: {{network: {{server: {{listenAddresses: ['[{text}]']}}}}}}");
            let instance = Instance::new().component("a", "exit 0", &settings(one)).component("b", "exit 0", &settings(other));
            let (code, output) = report(&instance, "zowe: {launchScript: {startupChecks: {user: disabled}}}\n");
            assert_eq!(output.contains("is the port of components.a.port too"), meet, "{one} {other}: {output}");
            assert_eq!(code, if meet { 8 } else { 0 }, "{one} {other}: {output}");
        }
    }
}

/// docs/operations.md says what differs by zowe.verifyCertificates: each cell is tried.
#[test]
#[cfg(feature = "http")]
fn what_differs_by_verify_certificates_is_as_the_document_says() {
    use crate::certificates::Certificates;
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    let table = document.split_once("| `zowe.verifyCertificates` |").unwrap().1.split_once("\n\n").unwrap().0;
    let rows: Vec<Vec<&str>> = table.lines().skip(2).map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let instance = Instance::new().component("web", "exit 0", "").extra("haInstances: {lpar1: {hostname: localhost}}\n");
    let made = Certificates::new(instance.directory.path());
    let expire = |parameters: &mut rcgen::CertificateParams| parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    made.write("expired", &["localhost"], expire);
    made.write("host-name-not-covered", &["other"], |_| {});
    let elsewhere = tempfile::tempdir().unwrap();
    Certificates::new(elsewhere.path()).write("authority-not-trusted", &["localhost"], |_| {});
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in rows {
        let [what, cells @ ..] = &row[..] else { panic!("{row:?}") };
        let (whose, name) = what.split_once(", ").unwrap();
        let name = &name.replace(' ', "-");
        let directory = if elsewhere.path().join(format!("{name}.pem")).exists() { elsewhere.path() } else { instance.directory.path() };
        for (verify, expected) in ["STRICT", "NONSTRICT", "DISABLED"].into_iter().zip(cells) {
            let (_, output) = if whose == "own" {
                report(&instance, &certificate_with(&made.pem(name, name), &format!("  verifyCertificates: {verify}\n")))
            } else {
                let gateway = crate::startup::gateway("zosmf", "ltpa");
                let server = crate::judged::Server::start(directory, name, &[]);
                report(&gateway, &crate::startup::zosmf_yaml(&made, server.port(), "localhost", verify))
            };
            let found = ["ERROR ", "WARNING "].into_iter().find(|word| output.starts_with(word)).unwrap_or("taken").trim().to_lowercase();
            assert_eq!(&found, expected, "{what} {verify}: {output}");
        }
    }
}
