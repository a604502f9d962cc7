//! The arguments of `chart`.

use super::seeing::Seen;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Chart {
    /// This journal; `-`: one that comes on standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ha_instance", "config"])]
    pub journal: Option<PathBuf>,
    /// Which start: 1 is the last one, 2 the one before
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub run: u8,
    /// Tell what became slower than in this start, counted in the same way
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    pub against: Option<u8>,
    /// [default: text on a terminal, else svg]
    #[arg(long, value_enum)]
    pub format: Option<ChartFormat>,
    /// Only what the whole start waited for, as text
    #[arg(long, conflicts_with_all = ["format", "against"])]
    pub critical: bool,
    #[command(flatten)]
    pub seen: Seen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ChartFormat {
    /// A picture
    Svg,
    /// The picture in a page
    Html,
    /// For tools
    Json,
    /// Tables
    Text,
}
