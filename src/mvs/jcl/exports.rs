//! Which JCL symbols in-stream data sees.

/// The JCL symbols that in-stream data sees.
#[derive(Debug, Clone, Default)]
pub(super) struct Exports {
    all: bool,
    names: Vec<String>,
    /// Symbols that were set after their EXPORT; the last one of a name wins.
    visible: Vec<(String, String)>,
}

impl Exports {
    fn has(&self, name: &str) -> bool {
        self.all || self.names.iter().any(|known| known == name)
    }

    /// `SYMLIST=*`.
    pub(super) fn export_all(&mut self) {
        self.all = true;
    }

    /// `SYMLIST=(A,B)`.
    pub(super) fn export<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.names.extend(names.map(str::to_owned));
    }

    /// What in-stream data sees.
    pub(super) fn visible(&self) -> &[(String, String)] {
        &self.visible
    }

    /// Sets a symbol unless it has been set already.
    pub(super) fn set_before(&mut self, name: &str, value: &str) {
        if !self.visible.iter().any(|(known, _)| known == name) {
            self.set(name, value);
        }
    }

    /// A symbol is set.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if self.has(name) {
            self.visible.retain(|(known, _)| known != name);
            self.visible.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// A line of in-stream data with `&NAME` and `&NAME.` replaced. Unknown names stay: data may contain its own `&`.
pub(super) fn replaced(line: &str, symbols: &[(String, String)]) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let after = &from[1..];
        let length = after.bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"@#$".contains(byte)).count();
        let (name, tail) = after.split_at(length);
        match symbols.iter().rev().find(|(known, _)| known == name) {
            Some((_, value)) => {
                result.push_str(value);
                rest = tail.strip_prefix('.').unwrap_or(tail);
            }
            None => {
                result.push('&');
                result.push_str(name);
                rest = tail;
            }
        }
    }
    result + rest
}
