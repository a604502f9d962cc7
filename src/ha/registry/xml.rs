//! XML from an untrusted source, read into the tree that the same answer would be in JSON. The parser recurses at every element and
//! compares every attribute of a tag with all others, so depth and the length of tags are checked before it runs.

use serde_json::Value;

/// No registry nests this deep.
pub(super) const DEPTH_LIMIT: usize = 32;

/// Longest tag, in bytes: the tags of a registry have at most two short attributes.
const TAG_LIMIT: usize = 1024;

/// Most elements, attributes and texts: more than a hundred thousand instances.
const NODE_LIMIT: u32 = 8_000_000;

/// Why a text is not taken for a registry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    #[error("a tag has more than {TAG_LIMIT} bytes")]
    LongTag,
    #[error("its elements nest deeper than {DEPTH_LIMIT}")]
    TooDeep,
    #[error(transparent)]
    Syntax(#[from] roxmltree::Error),
}

/// The tree that the JSON answer would be.
///
/// # Errors
/// [`XmlError`].
pub(super) fn read(text: &str) -> Result<Value, XmlError> {
    check(text)?;
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: NODE_LIMIT };
    let document = roxmltree::Document::parse_with_options(text, options)?;
    let root = document.root_element();
    Ok(Value::Object([(root.tag_name().name().to_owned(), element(root))].into_iter().collect()))
}

/// Whether the text is safe for a recursive parser. Correct as far as the text is well-formed: at the first fault the parser stops.
fn check(text: &str) -> Result<(), XmlError> {
    let mut rest = text;
    let mut depth = 0_usize;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let aside = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")].into_iter().find(|(begin, _)| rest.starts_with(begin));
        if let Some((begin, end)) = aside {
            let Some(length) = rest[begin.len()..].find(end) else { return Ok(()) };
            rest = &rest[begin.len() + length + end.len()..];
            continue;
        }
        let Some(length) = tag_length(rest) else {
            return if rest.len() > TAG_LIMIT { Err(XmlError::LongTag) } else { Ok(()) };
        };
        let tag = &rest[..length];
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with("/>") {
            depth += 1;
        }
        if depth > DEPTH_LIMIT {
            return Err(XmlError::TooDeep);
        }
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of the tag that begins here; None where it does not end within [`TAG_LIMIT`].
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (index, byte) in text.bytes().enumerate().take(TAG_LIMIT) {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'>', None) => return Some(index + 1),
            _ => {}
        }
    }
    None
}

fn element(node: roxmltree::Node<'_, '_>) -> Value {
    let mut map = serde_json::Map::new();
    for attribute in node.attributes() {
        map.insert(format!("@{}", attribute.name()), attribute.value().into());
    }
    for child in node.children().filter(roxmltree::Node::is_element) {
        let value = element(child);
        match map.entry(child.tag_name().name()) {
            serde_json::map::Entry::Vacant(entry) => drop(entry.insert(value)),
            serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(items) => items.push(value),
                single => *single = Value::Array(vec![single.take(), value]),
            },
        }
    }
    let text = node.text().unwrap_or_default().trim();
    if map.is_empty() {
        return text.into();
    }
    if !text.is_empty() {
        map.insert("$".to_owned(), text.into());
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
    }

    #[test]
    fn what_nests_too_deep_is_refused_before_it_is_parsed() {
        assert!(read(&nested(DEPTH_LIMIT)).is_ok());
        for depth in [DEPTH_LIMIT + 1, 5_000, 1_000_000] {
            assert_eq!(read(&nested(depth)), Err(XmlError::TooDeep));
        }
        // What only looks like a tag is not counted, whatever it holds.
        for hidden in ["<!--<a>-->", "<![CDATA[<a>]]>", "<?p <a>?>", "<b c='/>'/>", "<b c=\"x>\"/>", "<b></b >"] {
            assert!(read(&format!("<x>{}</x>", hidden.repeat(100))).is_ok(), "{hidden}");
        }
        // And what comes after one is not overlooked.
        for before in ["<!---->", "<![CDATA[]]]]>", "<?p ?>", "<b c='>'/>", "<b c='\"'/>", "<b/>"] {
            assert_eq!(read(&format!("<x>{before}{}</x>", nested(5_000))), Err(XmlError::TooDeep), "{before}");
        }
    }

    #[test]
    fn tags_and_document_types_have_their_bounds() {
        let attributes: String = (0..1_000_000).map(|number| format!(" a{number}=''")).collect();
        assert_eq!(read(&format!("<x{attributes}/>")), Err(XmlError::LongTag));
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>]><x>&b;</x>";
        assert!(read(bomb).unwrap_err().to_string().contains("DTD"), "{:?}", read(bomb));
    }

    proptest! {
        /// Compared with the parser itself: the depth that it sees is the depth counted here.
        #[test]
        fn the_depth_is_that_of_the_parser(pieces in prop::collection::vec(prop::sample::select(vec![
            "<a>", "</a>", "<a b='>'>", "<a/>", "<!-- <a> -->", "<![CDATA[<a>]]>", "<?p </a>?>", "t",
        ]), 0..60)) {
            let text = format!("<x>{}</x>", pieces.concat());
            if let Ok(document) = roxmltree::Document::parse(&text) {
                let depth = document.descendants().filter(roxmltree::Node::is_element).map(|node| node.ancestors().count() - 1).max().unwrap();
                prop_assert_eq!(check(&text).is_ok(), depth <= DEPTH_LIMIT, "{}", text);
            }
        }
    }
}
