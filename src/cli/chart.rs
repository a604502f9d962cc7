//! `zwelnch chart`: the last start of an instance, from its journal.

use super::arguments::{Chart, ChartFormat};
use super::seeing::source;
use super::terminal::{data, document, fail, terminal};
use crate::seeing;
use crate::seeing::chart::{self, Start, slower};

pub(super) fn run(arguments: &Chart) -> i32 {
    let source = match source(arguments.journal.as_deref(), &arguments.seen) {
        Ok(source) => source,
        Err(code) => return code,
    };
    let (starts, odd) = match seeing::starts(&source) {
        Ok(read) => read,
        Err(error) => return fail(format!("the journal cannot be read: {error}")),
    };
    if let Some(odd) = odd {
        // What can be read is shown all the same.
        fail(odd);
    }
    match (chosen(&starts, arguments.run), arguments.against.map(|against| chosen(&starts, against))) {
        (Ok(start), None) => show(arguments, start, None),
        (Ok(start), Some(Ok(before))) => show(arguments, start, Some(before)),
        (Err(why), _) | (_, Some(Err(why))) => fail(why),
    }
}

fn chosen(starts: &[Start], number: u8) -> Result<&Start, String> {
    let known = match starts.len() {
        0 => return Err("the journal holds no start".to_owned()),
        1 => "one start".to_owned(),
        count => format!("{count} starts"),
    };
    let index = usize::from(number).saturating_sub(1);
    starts.get(index).ok_or_else(|| format!("there is no start {number}: the journal holds {known}, 1 is the last one"))
}

fn show(arguments: &Chart, start: &Start, before: Option<&Start>) -> i32 {
    let slower = before.map(|before| slower(start, before));
    let compared = arguments.against.map(usize::from).zip(slower.as_deref());
    let default = if terminal().is_some() { ChartFormat::Text } else { ChartFormat::Svg };
    match arguments.format.unwrap_or(default) {
        _ if arguments.critical => document(&chart::critical(start)),
        ChartFormat::Svg => document(&chart::svg(start, compared)),
        ChartFormat::Html => document(&chart::html(start, compared)),
        ChartFormat::Text => document(&chart::text(start, compared)),
        ChartFormat::Json => data(&format!("{:#}", chart::json(start, slower.as_deref()))),
    };
    0
}
