//! What the security manager has to know, and the command that shows whether it does. Pure. The names are those of jobs ZWERACF, ZWEACF2,
//! ZWETSS and ZWEOPCMD; a program cannot read another user's authority, so each is handed to the security administrator.

use std::fmt;

/// The security managers that jobs are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Racf,
    Acf2,
    TopSecret,
}

impl Product {
    /// From `zowe.setup.security.product`, or from what the system answers.
    pub(super) fn of(name: &str) -> Option<Product> {
        match name.to_ascii_uppercase().as_str() {
            "RACF" => Some(Product::Racf),
            "ACF2" => Some(Product::Acf2),
            "TSS" => Some(Product::TopSecret),
            _ => None,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Product::Racf => "RACF",
            Product::Acf2 => "ACF2",
            Product::TopSecret => "Top Secret",
        })
    }
}

/// Who needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The user of the started task.
    User,
    /// Operators and automation.
    Operators,
}

/// A resource that has to be defined and permitted.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// RACF class.
    pub class: &'static str,
    /// `{STC}` and `{USER}` stand for the names of the configuration.
    pub name: &'static str,
    /// Access that is needed; empty where being defined is all.
    pub access: &'static str,
    pub holder: Holder,
    /// For what, and under which condition.
    pub why: &'static str,
    /// Not needed by every installation.
    pub optional: bool,
}

const fn needed(class: &'static str, name: &'static str, access: &'static str, why: &'static str) -> Profile {
    Profile { class, name, access, holder: Holder::User, why, optional: false }
}

const fn optional(class: &'static str, name: &'static str, access: &'static str, why: &'static str) -> Profile {
    Profile { class, name, access, holder: Holder::User, why, optional: true }
}

const fn operators(name: &'static str, access: &'static str, why: &'static str) -> Profile {
    Profile { class: "OPERCMDS", name, access, holder: Holder::Operators, why, optional: false }
}

/// In the order in which a start meets them.
pub const PROFILES: &[Profile] = &[
    needed("STARTED", "{STC}.*", "", "gives the started task its user and group"),
    needed("APPL", "OMVSAPPL", "READ", "logging on to z/OS UNIX, where class APPL is active"),
    needed("FACILITY", "BPX.JOBNAME", "READ", "names of the components' address spaces"),
    needed("FACILITY", "BPX.CONSOLE", "READ", "answers to F"),
    needed("FACILITY", "BPX.SERVER", "UPDATE", "ZSS acts for users; the first definition changes the whole system"),
    needed("FACILITY", "BPX.DAEMON", "UPDATE", "ZSS acts for users; the first definition changes the whole system"),
    needed("FACILITY", "ZWES.IS", "READ", "the cross memory server"),
    needed("FACILITY", "IRR.RADMIN.LISTUSER", "READ", "looking up users"),
    needed("CSFSERV", "CSF1*", "READ", "ICSF, where class CSFSERV is active"),
    needed("CSFSERV", "CSFRNG", "READ", "/dev/urandom, from which TLS takes its keys, on machines before z14"),
    needed("PROGRAM", "ZWELNCH", "READ", "program control of the load library, where BPX.DAEMON or BPX.SERVER are defined"),
    optional("FACILITY", "IRR.RUSERMAP", "READ", "client certificates of users"),
    optional("FACILITY", "IRR.IDIDMAP.QUERY", "READ", "distributed identities"),
    optional("FACILITY", "IRR.RAUDITX", "READ", "audit records"),
    operators("MVS.START.STC.{STC}", "UPDATE", "S"),
    operators("MVS.MODIFY.STC.{STC}", "UPDATE", "F"),
    operators("MVS.STOP.STC.{STC}", "UPDATE", "P"),
    operators("MVS.VARY.TCPIP.SYSPLEX", "CONTROL", "switching traffic"),
    operators("MVS.DISPLAY.TCPIP", "READ", "counting connections before an instance is stopped"),
    operators("MVS.MCSOPER.{USER}", "READ", "the console at which Zowe's own user issues commands"),
];

/// The names that a site has given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// User of the started task.
    pub user: String,
    pub group: String,
    /// The PROC, which the STARTED profile goes by.
    pub stc: String,
    /// `zowe.setup.security.product`, else what the system has; empty: not known, then all three.
    pub product: Option<Product>,
}

impl Profile {
    fn resource(&self, names: &Names) -> String {
        self.name.replace("{STC}", &names.stc).replace("{USER}", &names.user)
    }

    /// The command that shows whether it is defined and for whom.
    pub(super) fn command(&self, product: Product, names: &Names) -> String {
        let resource = self.resource(names);
        match (product, self.class) {
            (Product::Racf, "STARTED") => format!("RLIST STARTED {resource} STDATA"),
            (Product::Racf, "OPERCMDS") if self.name.ends_with("{STC}") => format!("RLIST OPERCMDS {resource}.** AUTHUSER"),
            (Product::Racf, "PROGRAM") => format!("RLIST PROGRAM {resource} ALL"),
            (Product::Racf, class) => format!("RLIST {class} {resource} AUTHUSER"),
            (Product::Acf2, "STARTED") => format!("SET CONTROL(GSO); LIST STC.{}", names.stc),
            (Product::Acf2, class) => {
                let kind = match class {
                    "FACILITY" => "FAC",
                    "APPL" => "APL",
                    "CSFSERV" => "CSF",
                    "PROGRAM" => "PGM",
                    _ => "OPR",
                };
                // A rule set is kept under the first qualifier; one without a period is its own.
                let key = match resource.as_str() {
                    "CSF1*" => "CSF1****",
                    other => other.split('.').next().unwrap_or(other),
                };
                format!("SET RESOURCE({kind}); LIST {key}")
            }
            (Product::TopSecret, "STARTED") => "TSS LIST(STC)".to_owned(),
            (Product::TopSecret, class) => {
                let class = if class == "FACILITY" { "IBMFAC" } else { class };
                format!("TSS WHOHAS {class}({})", resource.trim_end_matches('*'))
            }
        }
    }

    /// A line for the administrator of one product.
    pub(super) fn note(&self, product: Product, names: &Names) -> String {
        let holder = match self.holder {
            Holder::User => format!("user {}", names.user),
            Holder::Operators => "operators and automation".to_owned(),
        };
        let access = match self.access {
            "" => format!("names user {} and group {}", names.user, names.group),
            access => format!("gives {access} to {holder}"),
        };
        let optional = if self.optional { "optional: " } else { "" };
        format!(
            "{optional}{} {} ({}): verify with the security administrator that it {access}: {}",
            self.class,
            self.resource(names),
            self.why,
            self.command(product, names)
        )
    }
}

/// The command that shows user and group with their OMVS segments.
pub(super) fn user_note(product: Product, names: &Names) -> String {
    let command = match product {
        Product::Racf => format!("LISTUSER {} OMVS; LISTGRP {} OMVS", names.user, names.group),
        Product::Acf2 => format!("SET LID; LIST {}; SET PROFILE(USER) DIV(OMVS); LIST {}", names.user, names.user),
        Product::TopSecret => format!("TSS LIST({}) DATA(ALL); TSS LIST({}) DATA(ALL)", names.user, names.group),
    };
    format!(
        "user {} and group {}: verify with the security administrator that both have OMVS segments, with a UID that is not 0: {command}",
        names.user, names.group
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { user: "ZWESVUSR".into(), group: "ZWEADMIN".into(), stc: "ZWESLSTC".into(), product: None }
    }

    /// The words of the jobs, whose commands are listed by what defines them.
    #[test]
    fn the_table_is_that_of_the_jobs() {
        let jobs = [include_str!("../../../jcl/ZWERACF"), include_str!("../../../jcl/ZWEOPCMD")].concat();
        let jobs = jobs.replace("&STC.", "ZWESLSTC").replace("&USER.", "ZWESVUSR");
        let mut defined: Vec<(String, String)> = Vec::new();
        for line in jobs.lines() {
            let words: Vec<&str> = line.trim_start_matches("/*").split_whitespace().collect();
            if let ["RDEFINE", class, name, ..] = words.as_slice() {
                defined.push(((*class).to_owned(), name.trim_end_matches(".**").to_owned()));
            }
        }
        let mut known: Vec<(String, String)> =
            PROFILES.iter().map(|profile| (profile.class.to_owned(), profile.resource(&names()))).collect();
        defined.sort();
        known.sort();
        assert_eq!(known, defined);
        let document = include_str!("../../../docs/zos.md");
        for profile in PROFILES {
            let name = profile.name.split(".{").next().unwrap();
            assert!(document.contains(name.trim_end_matches(".*").trim_start_matches("{STC}")), "docs/zos.md lacks {name}");
        }
    }

    #[test]
    fn each_product_has_its_command() {
        let find = |name: &str| PROFILES.iter().find(|profile| profile.name == name).unwrap();
        let commands = |name: &str| [Product::Racf, Product::Acf2, Product::TopSecret].map(|product| find(name).command(product, &names()));
        assert_eq!(
            commands("BPX.CONSOLE"),
            ["RLIST FACILITY BPX.CONSOLE AUTHUSER", "SET RESOURCE(FAC); LIST BPX", "TSS WHOHAS IBMFAC(BPX.CONSOLE)"]
        );
        assert_eq!(commands("{STC}.*"), ["RLIST STARTED ZWESLSTC.* STDATA", "SET CONTROL(GSO); LIST STC.ZWESLSTC", "TSS LIST(STC)"]);
        assert_eq!(
            commands("MVS.MODIFY.STC.{STC}"),
            [
                "RLIST OPERCMDS MVS.MODIFY.STC.ZWESLSTC.** AUTHUSER",
                "SET RESOURCE(OPR); LIST MVS",
                "TSS WHOHAS OPERCMDS(MVS.MODIFY.STC.ZWESLSTC)"
            ]
        );
        assert_eq!(commands("CSF1*"), ["RLIST CSFSERV CSF1* AUTHUSER", "SET RESOURCE(CSF); LIST CSF1****", "TSS WHOHAS CSFSERV(CSF1)"]);
    }
}
