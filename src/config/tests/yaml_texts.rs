//! YAML as people and programs write it, right and wrong.

use proptest::prelude::*;

/// A line that people write, right or wrong.
pub(super) fn line() -> impl Strategy<Value = String> {
    let indentation = prop::sample::select(vec!["", "", "  ", "  ", "    ", " ", "   ", "\t", "  \t"]);
    let key = prop::sample::select(vec![
        "a: ", "b: ", "c:", "d:\t", "\"e\": ", "'f' : ", "- ", "-\t", "- g: ", "h:i", "? ", ": ", "<<: ", "&x ", "k: &y ", "# c", "%TAG",
        "",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "true",
        "x y",
        "x: y",
        "'q",
        "q'",
        "'q'",
        "\"r",
        "r\"",
        "\"r\"",
        "\"\\x\"",
        "[",
        "]",
        "[1, 2]",
        "[1,",
        "2]",
        "{",
        "}",
        "{a: 1}",
        "{a: 1,",
        "b: 2}",
        "{{x}}",
        "[a]: b",
        ",",
        "|",
        "|-",
        ">+",
        "|2",
        "  text",
        "*x",
        "*.example.com",
        "&z",
        "!!int 1",
        "!t",
        "@",
        "`",
        "#c",
        "x #c",
        "x\t",
        "",
        "---",
        "...",
        "--- 1",
        "%",
        "-",
        "- 1",
        "?",
        ":",
        "\u{feff}",
        "é: ü",
        "https://x/y",
        "${{ 1 }}",
        "\\",
    ]);
    (indentation, key, value, prop::sample::select(vec!["\n", "\n", "\n", "\n", "\r\n", " \n", "\n\n"]))
        .prop_map(|(indentation, key, value, end)| format!("{indentation}{key}{value}{end}"))
}

/// Writes mappings, lists and scalars in every layout, most of them whole: each byte decides one thing.
pub(super) struct Layout {
    decisions: std::vec::IntoIter<u8>,
    text: String,
}

impl Layout {
    pub(super) fn written(decisions: Vec<u8>) -> String {
        let mut layout = Layout { decisions: decisions.into_iter(), text: String::new() };
        layout.mapping(0, 3);
        layout.text
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::from(self.decisions.next().unwrap_or(0)) % choices.len()]
    }

    fn put(&mut self, choices: &[&str]) {
        let chosen = self.pick(choices);
        self.text.push_str(chosen);
    }

    fn mapping(&mut self, column: usize, depth: usize) {
        for key in 0..1 + usize::from(self.decisions.next().unwrap_or(0) % 3) {
            let key = format!("{}{}{key}{}", " ".repeat(column), "k".repeat(depth), self.pick(&[":", ":", ":", " :", ":\t"]));
            self.text.push_str(&key);
            match (self.decisions.next().unwrap_or(0) % 8, depth) {
                (0 | 1, 1..) => {
                    self.put(&["\n", " # c\n", "\t\n", " &a%\n", " !!map\n"]);
                    // The number keeps anchors apart.
                    self.text = self.text.replace('%', &self.text.len().to_string());
                    self.mapping(column + 1 + depth % 3, depth - 1);
                }
                (2, 1..) => {
                    self.put(&["\n", "\n\n", " # c\n"]);
                    let indentation = if self.pick(&["", "x"]).is_empty() { column } else { column + 2 };
                    for _ in 0..2 {
                        self.text.push_str(&format!("{}-", " ".repeat(indentation)));
                        self.inline(depth - 1);
                    }
                }
                (3, _) => {
                    let indentation = " ".repeat(column + 2);
                    self.put(&[" |", " >", " |-", " >+", " |2"]);
                    self.text.push_str(&format!("\n{indentation}x y\n"));
                    self.put(&["", "\n", "\t\n"]);
                    self.text.push_str(&format!("{indentation} z\n"));
                }
                _ => self.inline(depth),
            }
        }
    }

    fn inline(&mut self, depth: usize) {
        self.put(&[" ", " ", "  ", "\t", " \n   ", "\n \t "]);
        self.flow(depth);
        self.put(&["\n", "\n", " # c\n", "\t\n", "\r\n"]);
    }

    /// A line may end, and go on in any column, within brackets and quotes.
    fn gap(&mut self) {
        self.put(&["", " ", "\n", "\n  ", "\n\t", " # c\n", "\r\n", "\n\n      "]);
    }

    fn flow(&mut self, depth: usize) {
        match (self.decisions.next().unwrap_or(0) % 5, depth) {
            (0, 1..) => {
                self.text.push('[');
                for _ in 0..2 {
                    self.gap();
                    self.flow(depth - 1);
                    self.gap();
                    self.put(&[",", ",", ", x: y,"]);
                }
                self.gap();
                self.text.push(']');
            }
            (1, 1..) => {
                self.text.push('{');
                for key in ["a", "\"b\"", "'c'"] {
                    self.gap();
                    self.text.push_str(key);
                    self.put(&[": ", ":", " : ", ":\n", ":\t"]);
                    self.flow(depth - 1);
                    self.gap();
                    self.text.push(',');
                }
                self.gap();
                self.text.push('}');
            }
            (2, _) => {
                let quote = self.pick(&["'", "\""]);
                self.text.push_str(quote);
                self.put(&[
                    "x",
                    "x\ny",
                    "x \n\n  y",
                    "\n",
                    "",
                    "\tx\n\ty",
                    ": # ,",
                    "x\n# y",
                    "''".repeat(usize::from(quote == "'")).as_str(),
                ]);
                self.text.push_str(quote);
            }
            _ => self.put(&["x", "1", "true", "x y", "x\ty", "a:b", "http://x", "é", "~", "-1", "?x", "<<", "x#y", ":x", "x\n     y"]),
        }
    }
}
