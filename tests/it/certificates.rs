//! Certificates for the tests, made when they are needed.

use crate::harness::{skip, text};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Certificates and their keys in PEM, signed by one authority: files `name.pem`, `name.key` and `ca.pem`.
pub(crate) struct Certificates {
    pub directory: PathBuf,
    authority: Issuer<'static, KeyPair>,
    authority_der: Vec<u8>,
}

impl Certificates {
    pub(crate) fn new(directory: &Path) -> Certificates {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        fs::write(directory.join("ca.pem"), certificate.pem()).unwrap();
        let authority_der = certificate.der().to_vec();
        Certificates { directory: directory.to_path_buf(), authority: Issuer::new(parameters, key), authority_der }
    }

    pub(crate) fn authority_der(&self) -> Vec<u8> {
        self.authority_der.clone()
    }

    pub(crate) fn write(&self, name: &str, hosts: &[&str], edit: impl FnOnce(&mut CertificateParams)) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(hosts.iter().map(|host| (*host).to_string()).collect::<Vec<_>>()).unwrap();
        edit(&mut parameters);
        let certificate = parameters.signed_by(&key, &self.authority).unwrap();
        fs::write(self.directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        (certificate.der().to_vec(), key.serialize_der())
    }

    pub(crate) fn pem(&self, certificate: &str, key: &str) -> String {
        let directory = self.directory.display();
        format!(
            "pem:\n  certificate: {directory}/{certificate}.pem\n  key: {directory}/{key}.key\n  certificateAuthorities: {directory}/ca.pem"
        )
    }

    /// Makes `name.p12` from `name.pem` and `name.key`; false, with a message, where openssl is missing.
    pub(crate) fn pkcs12(&self, name: &str, password: &str, options: &[&str]) -> bool {
        let file = |ending: &str| self.directory.join(format!("{name}.{ending}"));
        let made = Command::new("openssl")
            .args(["pkcs12", "-export", "-name", "localhost", "-passout", &format!("pass:{password}")])
            .args(options)
            .arg("-in")
            .arg(file("pem"))
            .arg("-inkey")
            .arg(file("key"))
            .arg("-out")
            .arg(file("p12"))
            .output();
        match made {
            Ok(output) => {
                assert!(output.status.success(), "{}", text(&output));
                true
            }
            Err(error) => {
                skip(&format!("there is no openssl to make PKCS12 files with: {error}"));
                false
            }
        }
    }
}
