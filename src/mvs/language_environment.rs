//! How z/OS Language Environment reads PARM and STDENV before a C program runs; pure. Rules: z/OS XL C/C++ Programming Guide, "Using
//! environment variables" (_CEE_ENVFILE, _CEE_ENVFILE_COMMENT, _CEE_ENVFILE_CONTINUATION).

/// Where `_CEE_ENVFILE` says the variables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentFile {
    /// `DD:name`
    DataDefinition(String),
    /// A path.
    Path(String),
}

/// The parts of PARM: run-time options before the first slash, the program's arguments after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parm {
    /// Variables of ENVAR(...), except `_CEE_ENVFILE`.
    pub variables: Vec<(String, String)>,
    pub environment_file: Option<EnvironmentFile>,
    /// The variable that names it, `_CEE_ENVFILE` or `_CEE_ENVFILE_S`: set for the program like the others.
    pub environment_file_variable: Option<(String, String)>,
    /// Split at blanks, as for `main`.
    pub arguments: Vec<String>,
}

/// Splits PARM. Without a slash all of it is arguments, as for C programs. Run-time options other than ENVAR have no meaning off z/OS.
pub fn read_parm(parm: &str) -> Parm {
    let (options, arguments) = parm.split_once('/').unwrap_or(("", parm));
    let mut result = Parm { arguments: arguments.split_ascii_whitespace().map(str::to_owned).collect(), ..Parm::default() };
    for setting in envar_settings(options) {
        let Some((name, value)) = setting.split_once('=') else { continue };
        if matches!(name, "_CEE_ENVFILE" | "_CEE_ENVFILE_S") {
            let file = match value.strip_prefix("DD:").or_else(|| value.strip_prefix("dd:")) {
                Some(definition) => EnvironmentFile::DataDefinition(definition.to_ascii_uppercase()),
                None => EnvironmentFile::Path(value.to_owned()),
            };
            result.environment_file = Some(file);
            result.environment_file_variable = Some((name.to_owned(), value.to_owned()));
        } else {
            result.variables.push((name.to_owned(), value.to_owned()));
        }
    }
    result
}

/// The elements of every `ENVAR(a=b,"c=d,e")`.
fn envar_settings(options: &str) -> Vec<String> {
    let mut settings = Vec::new();
    let mut rest = options;
    // ASCII upper case has the same length, so positions in it are positions in the text.
    while let Some(at) = rest.to_ascii_uppercase().find("ENVAR(") {
        rest = rest.get(at + "ENVAR(".len()..).unwrap_or_default();
        let mut setting = String::new();
        let mut quote = None;
        let mut used = 0;
        for character in rest.chars() {
            used += character.len_utf8();
            match (quote, character) {
                (Some(open), _) if character == open => quote = None,
                (None, '"' | '\'') => quote = Some(character),
                (None, ',') => settings.push(std::mem::take(&mut setting)),
                (None, ')') => break,
                _ => setting.push(character),
            }
        }
        settings.push(setting);
        rest = rest.get(used..).unwrap_or_default();
    }
    settings
}

/// The variables of an environment file, in its order; if a name occurs twice, the last one counts. Trailing blanks are part of a value:
/// whoever reads for `_CEE_ENVFILE_S`, which removes them, gives lines without. Lines without `=` are skipped, and so are comments when
/// `_CEE_ENVFILE_COMMENT` names a character for them. If `_CEE_ENVFILE_CONTINUATION` names a character, a line whose last character that is
/// no blank is this one continues in column 1 of the next. These two are for the reader only: no variable of that name is set.
pub fn read_environment_file<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let (mut comment, mut continuation) = (None, None);
    let mut pending: Option<String> = None;
    for line in lines {
        let line = line.trim_end_matches(['\r', '\n']);
        let mut record = match pending.take() {
            Some(before) => before + line,
            None if comment.is_some_and(|character| line.starts_with(character)) => continue,
            None => line.to_owned(),
        };
        if continuation.is_some_and(|character| record.trim_end_matches(' ').ends_with(character)) {
            record.truncate(record.trim_end_matches(' ').len());
            record.pop();
            pending = Some(record);
            continue;
        }
        match record.split_once('=') {
            Some(("_CEE_ENVFILE_COMMENT", value)) => comment = value.chars().next(),
            Some(("_CEE_ENVFILE_CONTINUATION", value)) => continuation = value.chars().next(),
            _ => add_variable(&mut variables, &record),
        }
    }
    if let Some(record) = pending {
        add_variable(&mut variables, &record);
    }
    variables
}

fn add_variable(variables: &mut Vec<(String, String)>, record: &str) {
    let Some((name, value)) = record.split_once('=') else { return };
    // These cannot be given to any process.
    if name.is_empty() || record.contains('\0') {
        return;
    }
    variables.retain(|(known, _)| known != name);
    variables.push((name.to_owned(), value.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(variables: &[(String, String)]) -> Vec<(&str, &str)> {
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn parm_of_zweslstc() {
        let parm = read_parm("ENVAR(_CEE_ENVFILE=DD:STDENV),POSIX(ON)/lpar1");
        assert_eq!(parm.environment_file, Some(EnvironmentFile::DataDefinition("STDENV".into())));
        assert_eq!(parm.arguments, ["lpar1"]);
        assert!(parm.variables.is_empty());
    }

    #[test]
    fn parm_in_other_forms() {
        let parm = read_parm("POSIX(ON),envar(\"A=b,c\",D=e),ENVAR('_CEE_ENVFILE_S=/u/x') / one  two/three");
        assert_eq!(pairs(&parm.variables), [("A", "b,c"), ("D", "e")]);
        assert_eq!(parm.environment_file_variable, Some(("_CEE_ENVFILE_S".into(), String::new())));
        // The slash of the path ends the options: as on z/OS, such a name must not be in PARM.
        assert_eq!(parm.environment_file, Some(EnvironmentFile::Path(String::new())));
        assert_eq!(read_parm("lpar1"), Parm { arguments: vec!["lpar1".into()], ..Parm::default() });
        assert_eq!(read_parm("/").arguments, Vec::<String>::new());
    }

    #[test]
    fn stdenv_with_continuation_and_comments() {
        let lines = [
            "A=1\\",
            "_CEE_ENVFILE_CONTINUATION=\\",
            "CONFIG=FILE(/a):\\   ",
            "FILE(/b)   ",
            "#B=not yet a comment",
            "_CEE_ENVFILE_COMMENT=#",
            "#C=comment",
            "no assignment",
            "=nothing",
            "D=e=f",
            "A=2",
            "E=open\\",
        ];
        assert_eq!(
            pairs(&read_environment_file(lines)),
            [("CONFIG", "FILE(/a):FILE(/b)   "), ("#B", "not yet a comment"), ("D", "e=f"), ("A", "2"), ("E", "open"),]
        );
    }

    proptest! {
        #[test]
        fn any_parm_and_any_file_are_read(parm in any::<String>(), lines in prop::collection::vec(any::<String>(), 0..5)) {
            let _ = read_parm(&parm);
            for (name, value) in read_environment_file(lines.iter().map(String::as_str)) {
                prop_assert!(!name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
            }
        }

        #[test]
        fn the_order_of_other_lines_does_not_matter(value in "[!-~]([ -~]{0,60}[!-\\[\\]-~])?") {
            let lines = ["_CEE_ENVFILE_CONTINUATION=\\".to_owned(), "X=1".to_owned(), format!("CONFIG={value}")];
            prop_assume!(!value.ends_with('\\'));
            let read = read_environment_file(lines.iter().map(String::as_str));
            prop_assert_eq!(read.last().unwrap(), &("CONFIG".to_owned(), value));
        }
    }
}
