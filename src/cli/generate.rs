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
    let rendered = clap_mangen::Man::new(command.clone()).title(name).manual("zwelnch").source(manual).render(&mut page);
    rendered.map_err(|error| GenerateError::Page(error.to_string()))?;
    String::from_utf8(page).map_err(|error| GenerateError::Page(error.to_string()))
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
            assert!(page.contains(&format!(".TH zwelnch-{} 1", words.join("-"))), "{path}: {page}");
            let described = words.iter().fold(&definition, |command, word| command.find_subcommand(word).unwrap());
            for option in described.get_arguments().filter_map(|argument| argument.get_long()) {
                assert!(page.contains(&option.replace('-', "\\-")), "{path} lacks --{option}: {page}");
            }
        }
    }

    #[test]
    fn the_page_of_the_program_lists_the_commands_but_not_the_hidden_ones() {
        let page = man_page(command(), &[]).unwrap();
        assert!(page.contains(".TH zwelnch 1"), "{page}");
        for name in ["launch", "start", "check", "generate"] {
            assert!(page.contains(&format!("zwelnch\\-{name}(1)")), "{name}: {page}");
        }
        assert!(page.contains("HA_INSTANCE_ID"), "{page}");
        assert!(!page.contains("internal"), "{page}");
    }

    #[test]
    fn an_unknown_command_is_refused_with_those_that_exist() {
        let error = man_page(command(), &words("ha compere")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no command 'ha compere' to describe; known here: compare, status, verify, upgrade, haproxy"
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
