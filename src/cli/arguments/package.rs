//! The arguments of what is done with component packages: those of `zwe components`, and ours.

use super::ReportFormat;
use clap::{Args, Subcommand};
#[cfg(feature = "emulation")]
use std::path::PathBuf;

/// `component list`, `install` and so on.
#[derive(Debug, Subcommand)]
pub enum Package {
    /// List components: installed or not, version, for which HA instances they are enabled, where they are
    List {
        #[command(flatten)]
        config: Config,
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
    /// Install a component: an archive (pax, tar, tar.gz, zip), a directory, which is linked, or a name in a registry; enable it
    Install {
        /// Archive, directory, or name in the registry
        #[arg(value_name = "PACKAGE", required_unless_present = "component")]
        package: Option<String>,
        /// The same, as zwe has it
        #[arg(short = 'o', long = "component-file", visible_alias = "component", value_name = "PACKAGE", conflicts_with = "package")]
        component: Option<String>,
        /// On z/OS, tag and convert a package in ASCII that has no tags; no: leave it as it is
        #[arg(short = 'e', long, value_name = "auto|yes|no", default_value = "auto", value_parser = ["auto", "yes", "no"])]
        auto_encoding: String,
        /// Leave the configuration as it is
        #[arg(long)]
        skip_enable: bool,
        #[command(flatten)]
        asking: Asking,
        /// Show what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: Config,
    },
    /// Put a new version in the place of a component
    Upgrade {
        /// Archive, directory, name in the registry, or all
        #[arg(value_name = "PACKAGE", required_unless_present = "component")]
        package: Option<String>,
        /// The same, as zwe has it
        #[arg(short = 'o', long = "component-file", visible_alias = "component", value_name = "PACKAGE", conflicts_with = "package")]
        component: Option<String>,
        /// On z/OS, tag and convert a package in ASCII that has no tags; no: leave it as it is
        #[arg(short = 'e', long, value_name = "auto|yes|no", default_value = "auto", value_parser = ["auto", "yes", "no"])]
        auto_encoding: String,
        #[command(flatten)]
        asking: Asking,
        /// Show what would be done, and do nothing
        #[arg(short = 'd', long)]
        dry_run: bool,
        #[command(flatten)]
        config: Config,
    },
    /// Disable a component and remove its directory; its settings stay
    Uninstall {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        asking: Asking,
        /// Show what would be done, and do nothing
        #[arg(short = 'd', long)]
        dry_run: bool,
        #[command(flatten)]
        config: Config,
    },
    /// Enable a component, for all HA instances or for one
    Enable(Editing),
    /// Disable a component, for all HA instances or for one
    Disable(Editing),
    /// Look for a component: here, and in a registry
    Search {
        /// Its name
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// The same, as zwe has it
        #[arg(short = 'o', long = "component-name", visible_alias = "component", value_name = "NAME", conflicts_with = "name")]
        component: Option<String>,
        /// Its id, as in org.example.component
        #[arg(short = 'd', long = "component-id", visible_alias = "id", value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        asking: Asking,
        #[command(flatten)]
        config: Config,
    },
    /// Pack a component's directory as an archive, after checking it: the same bytes each time
    #[cfg(feature = "emulation")]
    Pack {
        /// With the manifest in it
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Archive, by its ending .pax (with tags for z/OS), .tar, .tar.gz, .tgz or .zip [default: NAME-VERSION.pax]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// What git ignores, too
        #[arg(long)]
        include_ignored: bool,
    },
}

/// The configuration that a command works on.
#[derive(Debug, Args)]
pub struct Config {
    /// Configuration as in CONFIG [default: the environment variable CONFIG]
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<String>,
}

/// A component by its name.
#[derive(Debug, Args)]
pub struct Named {
    /// An installed component
    #[arg(value_name = "NAME", required_unless_present = "component")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
    pub name: Option<String>,
    /// The same, as zwe has it
    #[arg(short = 'o', long = "component-name", visible_alias = "component", value_name = "NAME", conflicts_with = "name")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::components()))]
    pub component: Option<String>,
}

/// `enable` and `disable`.
#[derive(Debug, Args)]
pub struct Editing {
    #[command(flatten)]
    pub named: Named,
    /// For this HA instance only
    #[arg(short = 'i', long = "ha-instance", value_name = "ID")]
    #[cfg_attr(feature = "emulation", arg(add = crate::cli::complete::instances()))]
    pub ha_instance: Option<String>,
    /// Show what would change in the configuration, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub config: Config,
}

/// Which registry is asked.
#[derive(Debug, Args)]
pub struct Asking {
    /// Registry, as its handler calls it [default: that of zowe.extensionRegistry]
    #[arg(short, long, value_name = "REGISTRY")]
    pub registry: Option<String>,
    /// Handler of the registry [default: zowe.extensionRegistry.defaultHandler]
    #[arg(long, value_name = "HANDLER")]
    pub handler: Option<String>,
}
