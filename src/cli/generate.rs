//! Man pages and shell completions, from the command line's definition.

use clap::Command;
use clap_complete::Shell;

/// Why there is no such page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GenerateError {
    /// The words name no command that users see.
    #[error("there is no command '{words}' to describe; known here: {known}")]
    UnknownCommand { words: String, known: String },
    /// The generator gave no text.
    #[error("the man page cannot be made: {0}")]
    Page(String),
}

/// The man page, in roff: of the whole program, or of the command that `words` names.
///
/// # Errors
/// [`GenerateError::UnknownCommand`] with the commands that exist at that point.
pub(super) fn man_page(definition: Command, words: &[String]) -> Result<String, GenerateError> {
    let mut definition = visible(definition);
    // Building makes the names, such as `zwelnch-ha-compare`, and the usage lines.
    definition.build();
    let mut command = &definition;
    for word in words {
        let found = described(command).find(|known| known.get_name() == word);
        command = found.ok_or_else(|| GenerateError::UnknownCommand {
            words: words.join(" "),
            known: described(command).map(Command::get_name).collect::<Vec<_>>().join(", "),
        })?;
    }
    let name = command.get_display_name().unwrap_or(command.get_name()).to_string();
    let mut page = Vec::new();
    let manual = concat!("zwelnch ", env!("CARGO_PKG_VERSION"));
    let man = clap_mangen::Man::new(command.clone()).title(name.to_uppercase()).date(env!("ZWELNCH_DATE")).manual("zwelnch").source(manual);
    man.render(&mut page).map_err(|error| GenerateError::Page(error.to_string()))?;
    let page = String::from_utf8(page).map_err(|error| GenerateError::Page(error.to_string()))?;
    Ok(tidied(&page))
}

/// Longest line of text in roff source, in bytes, as `mandoc -T lint` wants it.
const SOURCE_WIDTH: usize = 80;

/// The page as `mandoc -T lint` wants it: no blank at the end of a line, no empty line, one break in a row, and long text on several lines,
/// which are filled when the page is shown. The line behind TP is a tag and stays one.
fn tidied(page: &str) -> String {
    let mut tidy = String::with_capacity(page.len() + page.len() / 16);
    let (mut is_tag, mut last) = (false, "");
    for line in page.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if line == ".br" && last == line {
            continue;
        }
        last = line;
        let mut rest = line;
        while rest.len() > SOURCE_WIDTH && !is_tag && !line.starts_with('.') {
            // A word that begins like a request stays behind another one.
            let breaks = rest.match_indices(' ').map(|(at, _)| at).filter(|at| !rest[at + 1..].starts_with(['.', '\'']));
            let (fitting, late): (Vec<usize>, Vec<usize>) = breaks.partition(|at| *at <= SOURCE_WIDTH);
            let Some(at) = fitting.last().or(late.first()).copied() else { break };
            tidy.push_str(rest[..at].trim_end());
            tidy.push('\n');
            rest = rest[at..].trim_start();
        }
        tidy.push_str(rest);
        tidy.push('\n');
        is_tag = line == ".TP";
    }
    tidy
}

/// The script that makes a shell complete the command line.
pub(super) fn completion(definition: Command, shell: Shell) -> String {
    let mut definition = visible(definition);
    let name = definition.get_name().to_string();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The commands below one that have a page: `help` repeats them all.
fn described(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| command.get_name() != "help")
}

/// The definition without the commands that are hidden: generators of completions offer those too. Only the first level has any.
fn visible(definition: Command) -> Command {
    let shown: Vec<Command> = definition.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let mut bare = Command::new("zwelnch")
        .arg_required_else_help(true)
        .args(definition.get_arguments().cloned())
        .subcommand_required(definition.is_subcommand_required_set())
        .subcommands(shown);
    if let Some(about) = definition.get_about() {
        bare = bare.about(about.clone());
    }
    if let Some(about) = definition.get_long_about() {
        bare = bare.long_about(about.clone());
    }
    bare.version(env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;
    use clap::ValueEnum;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    /// Every command that users see, as words.
    fn all(command: &Command, prefix: &str) -> Vec<String> {
        described(command)
            .filter(|command| !command.is_hide_set())
            .flat_map(|command| {
                let path = format!("{prefix} {}", command.get_name());
                [vec![path.clone()], all(command, &path)].concat()
            })
            .collect()
    }

    #[test]
    fn every_command_has_a_page_that_names_it_and_its_options() {
        let mut definition = command();
        definition.build();
        let commands = all(&definition, "");
        assert!(commands.len() > 10, "{commands:?}");
        for path in commands {
            let words = words(&path);
            let page = man_page(command(), &words).unwrap();
            let title = format!(".TH ZWELNCH-{} 1 {} ", words.join("-").to_uppercase(), env!("ZWELNCH_DATE"));
            assert!(page.contains(&title), "{path}: {page}");
            let described = words.iter().fold(&definition, |command, word| command.find_subcommand(word).unwrap());
            let shown = described.get_arguments().filter(|argument| !argument.is_hide_set());
            for option in shown.filter_map(|argument| argument.get_long()) {
                assert!(page.contains(&option.replace('-', "\\-")), "{path} lacks --{option}: {page}");
            }
        }
    }

    #[test]
    fn the_page_of_the_program_lists_the_commands_but_not_the_hidden_ones() {
        let page = man_page(command(), &[]).unwrap();
        assert!(page.contains(".TH ZWELNCH 1 "), "{page}");
        for name in ["launch", "start", "check", "generate"] {
            assert!(page.contains(&format!("zwelnch\\-{name}(1)")), "{name}: {page}");
        }
        assert!(page.contains("HA_INSTANCE_ID"), "{page}");
        assert!(!page.contains("internal"), "{page}");
    }

    #[test]
    fn long_text_is_broken_between_words_and_tags_are_not() {
        let words = vec!["word"; 40].join(" ");
        let page = tidied(&format!(".TP\n\\fB{words}\\fR \n\n{words}\n"));
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[..2], [".TP".to_owned(), format!("\\fB{words}\\fR")]);
        assert_eq!(lines[2..].join(" "), words);
        assert!(lines[2..].iter().all(|line| line.len() <= SOURCE_WIDTH), "{page}");
        let dots = tidied(&format!("{} .x 'y end", "x".repeat(78)));
        assert_eq!(dots, format!("{} .x 'y\nend\n", "x".repeat(78)), "nothing becomes a request");
    }

    #[test]
    fn an_unknown_command_is_refused_with_those_that_exist() {
        let error = man_page(command(), &words("ha compere")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no command 'ha compere' to describe; known here: compare, status, verify, upgrade, rollout, haproxy"
        );
        assert!(man_page(command(), &words("internal")).is_err());
        assert!(man_page(command(), &words("help")).is_err());
    }

    #[test]
    fn every_shell_gets_a_script_with_all_commands_and_options_and_no_hidden_ones() {
        for shell in Shell::value_variants() {
            let script = completion(command(), *shell);
            for word in ["launch", "restart", "check", "show-secrets", "ha-instance", "write-b"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
            assert!(!script.contains("initiator"), "{shell} offers hidden commands");
        }
    }
}
