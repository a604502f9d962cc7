//! Standard input, output and error on z/OS, where programs that share them read and write IBM-1047: a shell's pipes, the file behind `>`, a
//! here-document, a terminal, STDOUT of BPXBATSL. This program's text is UTF-8, so the system is asked to convert (F_CONTROL_CVT), as the
//! ports of node and others do at their start; where it refuses, what is written is converted here. Elsewhere nothing is done.

use super::ebcdic::{NEW_LINE, bytes_to_ibm_1047};
use std::borrow::Cow;
use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Input = 0,
    Output = 1,
    Error = 2,
}

/// Where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Terminal,
    Pipe,
    /// A regular file, and whether nothing is in it yet.
    File {
        empty: bool,
    },
    /// /dev/null, a socket: nobody there reads text.
    Other,
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// What is written is what is read.
    Leave,
    /// The system converts between our text and IBM-1047.
    Convert,
    /// The same, and what has no tag yet gets that of IBM-1047, for readers that go by it.
    ConvertAndTag,
}

/// From the facts alone. `tag`: CCSID and whether it is text; a CCSID of 0 is no tag. `_BPXK_AUTOCVT` is none of them: it rules what the
/// system converts by tags without being asked, and here it is asked.
pub fn treatment(stream: Stream, place: Place, tag: (u16, bool)) -> Treatment {
    match (place, tag) {
        (Place::Other, _) => Treatment::Leave,
        // Whatever else it is tagged with is what its reader expects: ASCII, binary.
        (_, (ccsid, _)) if ccsid != 0 && ccsid != 1047 => Treatment::Leave,
        // A terminal has an EBCDIC side by itself; its tag is the system's. What is read, others have tagged.
        (Place::Terminal, _) | (_, (1047, _)) => Treatment::Convert,
        _ if stream == Stream::Input => Treatment::Convert,
        // What stands in the file already may be in another code page.
        (Place::File { empty: false }, _) => Treatment::Convert,
        (Place::File { empty: true } | Place::Pipe, _) => Treatment::ConvertAndTag,
    }
}

/// Streams that the system does not convert though it was asked.
static CONVERTED_HERE: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Looks at the three and has them converted; for programs that are started by others than this program. Called once, before anything is
/// written.
pub fn settle() {
    #[cfg(zwelnch_zos)]
    {
        use super::zos::shim;
        use std::os::fd::AsFd;
        let (input, output, error) = (io::stdin(), io::stdout(), io::stderr());
        for (stream, descriptor) in [(Stream::Input, input.as_fd()), (Stream::Output, output.as_fd()), (Stream::Error, error.as_fd())] {
            let Some(place) = place_of(descriptor) else { continue };
            // Without a tag, or where it cannot be known: as if there were none.
            let treatment = treatment(stream, place, shim::tag(descriptor).unwrap_or_default());
            if treatment == Treatment::Leave {
                continue;
            }
            let refused = shim::conversion_on(descriptor).is_err();
            CONVERTED_HERE[stream as usize].store(refused, Ordering::Relaxed);
            if treatment == Treatment::ConvertAndTag {
                // For the benefit of readers; the bytes are right without.
                let _ = shim::set_tag(descriptor, 1047, true);
            }
        }
    }
}

#[cfg(zwelnch_zos)]
fn place_of(descriptor: std::os::fd::BorrowedFd<'_>) -> Option<Place> {
    use super::files::{FileKind, is_pipe, kind};
    use std::io::IsTerminal;
    if descriptor.is_terminal() {
        return Some(Place::Terminal);
    }
    let metadata = std::fs::File::from(descriptor.try_clone_to_owned().ok()?).metadata().ok()?;
    Some(match kind(&metadata) {
        FileKind::Regular => Place::File { empty: metadata.len() == 0 },
        _ if is_pipe(&metadata) => Place::Pipe,
        _ => Place::Other,
    })
}

/// The bytes to write for a text: as many as the text has.
pub fn written(stream: Stream, text: &[u8]) -> Cow<'_, [u8]> {
    let here = CONVERTED_HERE[stream as usize].load(Ordering::Relaxed);
    if here { Cow::Owned(bytes_to_ibm_1047(text)) } else { Cow::Borrowed(text) }
}

/// A line of standard input, in either code page, whether or not the system converts; None at its end.
///
/// # Errors
/// The system's.
pub fn read_line() -> io::Result<Option<String>> {
    read_line_of(&mut io::stdin().lock())
}

fn read_line_of(input: &mut dyn BufRead) -> io::Result<Option<String>> {
    /// Longer lines are no answers.
    const LIMIT: usize = 4096;
    let mut line = Vec::new();
    loop {
        let available = input.fill_buf()?;
        let Some(byte) = available.first().copied() else { break };
        input.consume(1);
        line.push(byte);
        if byte == b'\n' || byte == NEW_LINE || line.len() >= LIMIT {
            break;
        }
    }
    Ok((!line.is_empty()).then(|| super::code_page::decode_lines(&line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ebcdic::to_ibm_1047;
    use Stream::{Error, Input, Output};
    use Treatment::{Convert, ConvertAndTag, Leave};

    const UNTAGGED: (u16, bool) = (0, false);
    const EBCDIC: (u16, bool) = (1047, true);
    const ASCII: (u16, bool) = (819, true);
    const UTF_8: (u16, bool) = (1208, true);
    const BINARY: (u16, bool) = (65535, false);

    #[test]
    fn each_descriptor_is_treated_by_what_it_is() {
        let (empty, full) = (Place::File { empty: true }, Place::File { empty: false });
        for (stream, place, tag, expected) in [
            // zwelnch check | more, and in BPXBATCH.
            (Output, Place::Pipe, UNTAGGED, ConvertAndTag),
            (Output, Place::Pipe, EBCDIC, Convert),
            // Into an ASCII program that has tagged its pipe.
            (Output, Place::Pipe, ASCII, Leave),
            (Output, Place::Pipe, UTF_8, Leave),
            // > file, with _TAG_REDIR_OUT=txt, and STDOUT of a PROC.
            (Output, empty, UNTAGGED, ConvertAndTag),
            (Output, empty, EBCDIC, Convert),
            (Output, empty, ASCII, Leave),
            (Output, empty, BINARY, Leave),
            // >> file
            (Output, full, UNTAGGED, Convert),
            (Output, full, EBCDIC, Convert),
            (Output, full, ASCII, Leave),
            (Error, Place::Pipe, UNTAGGED, ConvertAndTag),
            (Error, full, UNTAGGED, Convert),
            (Output, Place::Terminal, UNTAGGED, Convert),
            (Error, Place::Terminal, EBCDIC, Convert),
            (Output, Place::Terminal, ASCII, Leave),
            (Input, Place::Terminal, UNTAGGED, Convert),
            // A here-document, and echo y |: what is read is never tagged.
            (Input, full, UNTAGGED, Convert),
            (Input, empty, UNTAGGED, Convert),
            (Input, Place::Pipe, UNTAGGED, Convert),
            (Input, full, EBCDIC, Convert),
            (Input, full, ASCII, Leave),
            // A started task's closed descriptors.
            (Input, Place::Other, UNTAGGED, Leave),
            (Output, Place::Other, UNTAGGED, Leave),
            (Output, Place::Other, EBCDIC, Leave),
        ] {
            assert_eq!(treatment(stream, place, tag), expected, "{stream:?} {place:?} {tag:?}");
        }
    }

    #[test]
    fn answers_are_read_in_either_code_page() {
        for bytes in [b"yes\nno\n".to_vec(), to_ibm_1047("yes\nno\n")] {
            let mut input = bytes.as_slice();
            let lines: Vec<String> = std::iter::from_fn(|| read_line_of(&mut input).unwrap()).collect();
            assert_eq!(lines, ["yes\n", "no\n"]);
        }
        assert_eq!(read_line_of(&mut to_ibm_1047("y").as_slice()).unwrap().as_deref(), Some("y"));
        assert_eq!(read_line_of(&mut [].as_slice()).unwrap(), None);
    }
}
