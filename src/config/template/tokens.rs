//! Splits JavaScript into tokens, and tells where a regular expression, an object or a block begins. It accepts all that the parser of
//! QuickJS accepts; for text that is not JavaScript it gives some tokens.

use super::literals::{self, is_line_end};

/// A token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// A line end stands before it.
    pub on_new_line: bool,
    /// A complete value stands before it.
    pub after_value: bool,
    /// Of a closing bracket: how many tokens stand before its opening one.
    pub partner: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
/// The kinds of tokens that matter to find names.
pub enum Kind {
    /// Names, keywords, `#private`.
    Word,
    Number,
    Text,
    /// A template literal up to its end, or to its first `${`.
    Template,
    /// The part of a template literal after a `}`.
    TemplateRest,
    Expression,
    Punctuator,
}

/// A string, comment, regular expression or template literal without an end, or a bracket that closes another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Statement,
    Operand,
    /// A value is complete.
    Operator,
}

/// An open bracket.
#[derive(Debug, Clone, Copy)]
struct Open {
    kind: Bracket,
    /// Tokens before it.
    index: usize,
    /// Each `?` that waits for its `:`.
    conditions: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// `(`, and what may follow its `)`.
    Parenthesis(State),
    /// `(` of the parameters of a function, and what may follow the function's body.
    Parameters(State),
    Square,
    /// `{` of statements, and what may follow its `}`.
    Block(State),
    Object,
    /// The body of a class, and what may follow it.
    Class(State),
    /// `${` of a template literal.
    Template,
}

/// Longest first.
const PUNCTUATORS: &[&str] = &[
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.",
    "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
];
/// A parenthesis behind one of these belongs to it, and a statement follows.
const CONTROL: &[&str] = &["if", "while", "for", "with", "switch", "catch"];
const BEFORE_STATEMENT: &[&str] = &["else", "do", "try", "finally"];
const BEFORE_OPERAND: &[&str] =
    &["return", "throw", "case", "typeof", "instanceof", "in", "new", "delete", "void", "extends", "await", "yield", "let", "const", "var"];

/// Takes JavaScript apart.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    state: State,
    open: Vec<Open>,
    /// Conditions outside all brackets.
    conditions: usize,
    count: usize,
    last: Option<Token>,
    /// The state before the last token.
    before_last: State,
    /// The parameters of a function come next; this is what may follow its body.
    function: Option<State>,
    /// Bodies of functions whose parameters have just ended.
    body: Option<State>,
    /// Classes whose body is to come: open brackets around them, and what may follow the body.
    classes: Vec<(usize, State)>,
    /// The last word, apart from `await`, was a control keyword.
    control: bool,
    /// The key of an object or a member of a class comes next.
    key: bool,
}

impl<'a> Lexer<'a> {
    /// At the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Lexer {
            text,
            at: 0,
            state: State::Statement,
            open: Vec::new(),
            conditions: 0,
            count: 0,
            last: None,
            before_last: State::Statement,
            function: None,
            body: None,
            classes: Vec::new(),
            control: false,
            key: false,
        }
    }

    /// True when no `{` is open.
    pub fn is_outside_braces(&self) -> bool {
        self.open.iter().all(|open| matches!(open.kind, Bracket::Parenthesis(_) | Bracket::Parameters(_) | Bracket::Square))
    }

    /// Where the next token begins, and whether a line end stands before it.
    ///
    /// # Errors
    /// A comment has no end.
    pub fn skip_blanks(&mut self) -> Result<bool, Broken> {
        let mut new_line = self.at == 0;
        loop {
            let rest = self.rest();
            let line_end = |text: &str| text.find(is_line_end).unwrap_or(text.len());
            let Some(first) = rest.chars().next() else { return Ok(new_line) };
            if is_line_end(first) {
                new_line = true;
                self.at += first.len_utf8();
            } else if first.is_whitespace() || first == '\u{feff}' {
                self.at += first.len_utf8();
            } else if rest.starts_with("/*") {
                let end = rest.get(2..).and_then(|rest| rest.find("*/")).ok_or(Broken)? + 4;
                new_line |= rest.get(..end).is_some_and(|comment| comment.contains(is_line_end));
                self.at += end;
            } else if rest.starts_with("//") || rest.starts_with("<!--") || (new_line && rest.starts_with("-->")) {
                self.at += line_end(rest);
            } else {
                return Ok(new_line);
            }
        }
    }

    /// Where the next token begins, once [`Lexer::skip_blanks`] has been called.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next token; None at the end of the text.
    ///
    /// # Errors
    /// The text is no JavaScript from here on.
    pub fn next_token(&mut self) -> Result<Option<Token>, Broken> {
        let on_new_line = self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let state = self.state;
        let (kind, partner) = match first {
            '\'' | '"' => {
                self.literal(literals::string(self.rest(), first))?;
                (Kind::Text, None)
            }
            '`' => {
                self.at += 1;
                self.template()?;
                (Kind::Template, None)
            }
            '0'..='9' => {
                self.literal(Some(literals::number(self.rest())))?;
                (Kind::Number, None)
            }
            '.' if self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                self.literal(Some(literals::number(self.rest())))?;
                (Kind::Number, None)
            }
            '/' if self.state != State::Operator => {
                self.literal(literals::expression(self.rest()))?;
                (Kind::Expression, None)
            }
            '}' if self.open.last().is_some_and(|open| open.kind == Bracket::Template) => {
                let partner = self.open.pop().map(|open| open.index);
                self.at += 1;
                self.template()?;
                (Kind::TemplateRest, partner)
            }
            '#' | '\\' | '$' | '_' => {
                self.word(on_new_line);
                (Kind::Word, None)
            }
            letter if letter.is_alphabetic() => {
                self.word(on_new_line);
                (Kind::Word, None)
            }
            _ => (Kind::Punctuator, self.punctuator(on_new_line)?),
        };
        let token = Token { kind, start, end: self.at, on_new_line, after_value: state == State::Operator, partner };
        self.before_last = state;
        self.last = Some(token);
        self.count += 1;
        Ok(Some(token))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn last_is(&self, text: &str) -> bool {
        self.last.is_some_and(|last| self.text.get(last.start..last.end) == Some(text))
    }

    /// A complete value was read.
    fn value(&mut self) {
        self.state = State::Operator;
        self.control = false;
    }

    fn top(&self) -> Option<Bracket> {
        self.open.last().map(|open| open.kind)
    }

    /// The text of a template literal up to its end or the next `${`.
    fn template(&mut self) -> Result<(), Broken> {
        let (length, opens) = literals::template(self.rest()).ok_or(Broken)?;
        self.at += length;
        self.value();
        if opens {
            self.push(Bracket::Template);
            self.state = State::Operand;
        }
        Ok(())
    }

    /// Passes over a literal that is a value.
    fn literal(&mut self, length: Option<usize>) -> Result<(), Broken> {
        self.at += length.ok_or(Broken)?;
        self.value();
        Ok(())
    }

    fn word(&mut self, on_new_line: bool) {
        let rest = self.rest();
        let end = literals::word(rest);
        let word = rest.get(..end).unwrap_or_default();
        self.at += end.max(1);
        let control = std::mem::take(&mut self.control);
        let property = self.last_is(".") || self.last_is("?.");
        if property || (self.key && matches!(self.top(), Some(Bracket::Object | Bracket::Class(_)))) {
            self.state = State::Operator;
            return;
        }
        // Where a function or class begins is where its `async` stands; on a new line behind a value it is a statement.
        let begins = if self.last_is("async") && !on_new_line { self.before_last } else { self.state };
        let after =
            if begins == State::Statement || (begins == State::Operator && on_new_line) { State::Statement } else { State::Operator };
        self.state = match word {
            "function" => {
                self.function = Some(after);
                State::Operator
            }
            "class" => {
                self.classes.push((self.open.len(), after));
                State::Operator
            }
            "of" if self.state == State::Operator && self.top() == Some(Bracket::Parenthesis(State::Statement)) => State::Operand,
            "await" if control => {
                self.control = true;
                State::Operator
            }
            word if CONTROL.contains(&word) => {
                self.control = true;
                State::Operator
            }
            word if BEFORE_STATEMENT.contains(&word) => State::Statement,
            word if BEFORE_OPERAND.contains(&word) => State::Operand,
            _ => State::Operator,
        };
    }

    /// A punctuator; of a closing bracket its partner.
    fn punctuator(&mut self, on_new_line: bool) -> Result<Option<usize>, Broken> {
        let rest = self.rest();
        let one = rest.chars().next().map_or(0, char::len_utf8);
        let found = PUNCTUATORS.iter().find(|punctuator| rest.starts_with(**punctuator)).map_or(one, |punctuator| punctuator.len());
        // `a?.5:b` is a condition.
        let optional = rest.starts_with("?.") && rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit);
        let length = if optional { 1 } else { found };
        let punctuator = rest.get(..length).unwrap_or_default();
        let body = self.body.take();
        let control = std::mem::take(&mut self.control);
        let mut partner = None;
        match punctuator {
            "(" => {
                let kind = match self.function.take() {
                    Some(after) => Bracket::Parameters(after),
                    None => Bracket::Parenthesis(if control { State::Statement } else { State::Operator }),
                };
                self.push(kind);
                self.state = State::Operand;
            }
            "[" => {
                self.push(Bracket::Square);
                self.state = State::Operand;
            }
            "{" => self.brace(body, control),
            ")" | "]" | "}" => partner = Some(self.close(punctuator)?),
            "," => {
                self.key = self.top() == Some(Bracket::Object);
                self.state = State::Operand;
            }
            ";" => {
                self.key = matches!(self.top(), Some(Bracket::Class(_)));
                let head = matches!(self.top(), Some(Bracket::Parenthesis(_)));
                self.state = if head { State::Operand } else { State::Statement };
            }
            "?" => {
                *self.conditions() += 1;
                self.state = State::Operand;
            }
            ":" => {
                self.key = false;
                let conditions = self.conditions();
                let conditional = *conditions > 0;
                *conditions = conditions.saturating_sub(1);
                let label = !conditional && matches!(self.top(), None | Some(Bracket::Block(_)));
                self.state = if label { State::Statement } else { State::Operand };
            }
            "++" | "--" if self.state == State::Operator && !on_new_line => {}
            "*" if self.key || self.function.is_some() => {}
            _ => {
                self.key = false;
                self.state = State::Operand;
            }
        }
        self.at += length;
        Ok(partner)
    }

    fn brace(&mut self, body: Option<State>, control: bool) {
        let class =
            self.classes.last().filter(|(depth, _)| *depth == self.open.len() && self.state == State::Operator).map(|class| class.1);
        let kind = match (body, class, self.state) {
            (Some(after), ..) => Bracket::Block(after),
            _ if self.last_is("=>") => Bracket::Block(State::Operator),
            _ if control => Bracket::Block(State::Statement),
            (_, Some(after), _) => {
                self.classes.pop();
                Bracket::Class(after)
            }
            (.., State::Operand) => Bracket::Object,
            // A method.
            (.., State::Operator) if matches!(self.top(), Some(Bracket::Object | Bracket::Class(_))) => Bracket::Block(State::Operator),
            _ => Bracket::Block(State::Statement),
        };
        self.push(kind);
        self.key = matches!(kind, Bracket::Object | Bracket::Class(_));
        self.state = if self.key { State::Operand } else { State::Statement };
    }

    fn close(&mut self, bracket: &str) -> Result<usize, Broken> {
        let open = self.open.pop().ok_or(Broken)?;
        let fits = match open.kind {
            Bracket::Parenthesis(_) | Bracket::Parameters(_) => bracket == ")",
            Bracket::Square => bracket == "]",
            _ => bracket == "}",
        };
        if !fits {
            return Err(Broken);
        }
        self.state = match open.kind {
            Bracket::Parenthesis(after) | Bracket::Block(after) | Bracket::Class(after) => after,
            Bracket::Parameters(after) => {
                self.body = Some(after);
                State::Operator
            }
            _ => State::Operator,
        };
        let depth = self.open.len();
        self.classes.retain(|(outside, _)| *outside <= depth);
        self.key = bracket == "}" && matches!(self.top(), Some(Bracket::Class(_)));
        Ok(open.index)
    }

    fn push(&mut self, kind: Bracket) {
        self.open.push(Open { kind, index: self.count, conditions: 0 });
    }

    fn conditions(&mut self) -> &mut usize {
        match self.open.last_mut() {
            Some(open) => &mut open.conditions,
            None => &mut self.conditions,
        }
    }
}
