//! Patterns of a shell, for what `${NAME%pattern}` and its kin take away.

/// Steps of one removal: a value and a pattern of a thousand characters each.
const STEP_LIMIT: usize = 1_000_000;

const CLASS: &str = "a bracket expression with a class, or one that begins with ^, means something else to each shell";
const TOO_LONG: &str = "the value and the pattern are too long";

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Character(char),
    /// `?`
    Any,
    /// `*`
    Some,
    /// `[...]`: ranges, and whether it is `[!...]`.
    OneOf(Vec<(char, char)>, bool),
}

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Token>);

impl Pattern {
    /// # Errors Why it is not used: shells differ in what it means.
    pub(super) fn new(text: &str) -> Result<Pattern, &'static str> {
        let characters: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut position = 0;
        // Once one bracket is not closed none after it is.
        let last_bracket = characters.iter().rposition(|character| *character == ']').unwrap_or(0);
        while let Some(character) = characters.get(position).copied() {
            position += 1;
            tokens.push(match character {
                '?' => Token::Any,
                '*' => Token::Some,
                // Only in values: the text of a reference has no backslashes left.
                '\\' if position < characters.len() => {
                    position += 1;
                    Token::Character(characters[position - 1])
                }
                '[' if position < last_bracket => match bracket(&characters, position)? {
                    Some((token, next)) => {
                        position = next;
                        token
                    }
                    None => Token::Character('['),
                },
                character => Token::Character(character),
            });
        }
        Ok(Pattern(tokens))
    }

    /// What is left of a value without the shortest or longest part at its begin or end that the pattern matches.
    ///
    /// # Errors
    /// When it would take too long.
    pub(super) fn removed<'a>(&self, value: &'a str, at_end: bool, longest: bool) -> Result<&'a str, &'static str> {
        if self.0.len().saturating_mul(value.len()) > STEP_LIMIT {
            return Err(TOO_LONG);
        }
        let mut tokens: Vec<&Token> = self.0.iter().collect();
        let mut characters: Vec<(usize, char)> = value.char_indices().collect();
        if at_end {
            tokens.reverse();
            characters.reverse();
        }
        // Which parts of the pattern may come next: all prefixes of the value are tried at once.
        let mut states = vec![false; tokens.len() + 1];
        if let Some(first) = states.first_mut() {
            *first = true;
        }
        pass_over(&tokens, &mut states);
        let mut matched = states.last().is_some_and(|done| *done).then_some(0);
        for (count, (_, character)) in characters.iter().enumerate() {
            if matched.is_some() && !longest {
                break;
            }
            let mut next = vec![false; states.len()];
            for (index, token) in tokens.iter().enumerate() {
                if states[index] && token.takes(*character) {
                    next[index + usize::from(**token != Token::Some)] = true;
                }
            }
            pass_over(&tokens, &mut next);
            states = next;
            if states.last().is_some_and(|done| *done) {
                matched = Some(count + 1);
            }
        }
        let Some(count) = matched else { return Ok(value) };
        let rest = if at_end {
            let from = count.checked_sub(1).and_then(|last| characters.get(last)).map_or(value.len(), |(at, _)| *at);
            &value[..from]
        } else {
            let to = characters.get(count).map_or(value.len(), |(at, _)| *at);
            &value[to..]
        };
        Ok(rest)
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Token::Character(own) => *own == character,
            Token::Any | Token::Some => true,
            Token::OneOf(ranges, negated) => ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *negated,
        }
    }
}

/// `*` also matches the empty text.
fn pass_over(tokens: &[&Token], states: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        if states[index] && **token == Token::Some {
            states[index + 1] = true;
        }
    }
}

/// The bracket expression whose `[` stands before `position`, and where the pattern goes on; None where it is not closed.
fn bracket(characters: &[char], mut position: usize) -> Result<Option<(Token, usize)>, &'static str> {
    let negated = characters.get(position) == Some(&'!');
    if characters.get(position) == Some(&'^') {
        return Err(CLASS);
    }
    position += usize::from(negated);
    let start = position;
    let mut ranges = Vec::new();
    while let Some(character) = characters.get(position).copied() {
        match character {
            ']' if position > start => return Ok(Some((Token::OneOf(ranges, negated), position + 1))),
            '[' if matches!(characters.get(position + 1), Some(':' | '.' | '=')) => return Err(CLASS),
            '\\' => return Err(CLASS),
            _ => {}
        }
        match (characters.get(position + 1), characters.get(position + 2)) {
            (Some('-'), Some(to)) if *to != ']' => {
                if *to == '[' || *to == '\\' {
                    return Err(CLASS);
                }
                ranges.push((character, *to));
                position += 3;
            }
            _ => {
                ranges.push((character, character));
                position += 1;
            }
        }
    }
    Ok(None)
}
