use super::*;
use proptest::prelude::*;

/// As much of a terminal as the console uses: it wraps as xterm does, with the cursor waiting behind the last column.
pub(in crate::mvs::console) struct Glass {
    width: usize,
    pub rows: Vec<Vec<char>>,
    pub row: usize,
    pub column: usize,
}

impl Glass {
    pub(crate) fn new(width: usize) -> Glass {
        Glass { width, rows: vec![Vec::new()], row: 0, column: 0 }
    }

    fn go_down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }

    pub(crate) fn write(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match character {
                '\r' => self.column = 0,
                '\n' => {
                    // The terminal driver turns it into both.
                    self.column = 0;
                    self.go_down();
                }
                '\x1b' => {
                    assert_eq!(rest.next(), Some('['));
                    let sequence: String = rest.by_ref().take_while_inclusive(|character| !character.is_ascii_alphabetic()).collect();
                    let (number, last) = sequence.split_at(sequence.len() - 1);
                    match (number, last) {
                        (_, "A") => {
                            let up: usize = number.parse().unwrap();
                            assert!(up <= self.row, "above the top");
                            self.row -= up;
                        }
                        (_, "C") => self.column = (self.column + number.parse::<usize>().unwrap()).min(self.width - 1),
                        ("", "J") => {
                            self.rows[self.row].truncate(self.column);
                            self.rows.truncate(self.row + 1);
                        }
                        _ => panic!("{sequence:?}"),
                    }
                }
                _ => self.put(character),
            }
        }
    }

    fn put(&mut self, character: char) {
        let columns = character.width().unwrap();
        if columns == 0 {
            return;
        }
        if self.column + columns > self.width {
            self.column = 0;
            self.go_down();
        }
        let cells = &mut self.rows[self.row];
        cells.resize(cells.len().max(self.column + columns), ' ');
        cells[self.column] = character;
        if columns == 2 {
            cells[self.column + 1] = '_';
        }
        self.column += columns;
    }

    pub(crate) fn text(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
    }
}

trait TakeWhileInclusive: Iterator + Sized {
    fn take_while_inclusive(self, keep: impl FnMut(&Self::Item) -> bool) -> impl Iterator<Item = Self::Item>;
}

impl<I: Iterator> TakeWhileInclusive for I {
    fn take_while_inclusive(mut self, mut keep: impl FnMut(&I::Item) -> bool) -> impl Iterator<Item = I::Item> {
        let mut over = false;
        std::iter::from_fn(move || {
            if over {
                return None;
            }
            let item = self.next()?;
            over = !keep(&item);
            Some(item)
        })
    }
}

#[test]
fn a_line_is_drawn_and_the_cursor_put_into_it() {
    for (text, cursor, width, sent) in [
        ("", 0, 10, ""),
        ("D A,L", 5, 10, "D A,L"),
        ("D A,L", 1, 10, "D A,L\r\x1b[1C"),
        ("D A,L", 0, 10, "D A,L\r"),
        ("0123456789ab", 11, 10, "0123456789ab\r\x1b[1C"),
        ("0123456789ab", 0, 10, "0123456789ab\x1b[1A\r"),
        ("0123456789", 10, 10, "0123456789 \r"),
        ("中中中", 3, 5, "中中中\x1b[1A\r\x1b[2C"),
        ("中中中", 6, 5, "中中中\r"),
    ] {
        assert_eq!(draw(text, cursor, width), sent, "{text:?} {cursor}");
    }
    assert_eq!(erase("D A,L", 5, 10), "\r\x1b[J");
    assert_eq!(erase("0123456789ab", 12, 5), "\r\x1b[2A\x1b[J");
    assert_eq!(erase("0123456789", 10, 10), "\r\x1b[1A\x1b[J");
}

#[test]
fn names_stand_in_columns() {
    let names: Vec<String> = ["hello", "pinger", "greeter", "flaky", "é"].map(str::to_owned).to_vec();
    assert_eq!(columns(&names, 30), ["hello    greeter  é", "pinger   flaky"]);
    assert_eq!(columns(&names, 5), ["hello", "pinger", "greeter", "flaky", "é"]);
    assert_eq!(columns(&[], 80), Vec::<String>::new());
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z ,=()é€😀\u{301}中]{0,40}"
}

proptest! {
    #[test]
    fn what_is_drawn_can_be_taken_away(text in text(), cut in any::<prop::sample::Index>(), width in 2_usize..30) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let cursor = places[cut.index(places.len())];
        let mut glass = Glass::new(width);
        glass.write("above\n");
        let begin = glass.row;
        glass.write(&draw(&text, cursor, width));
        // The cursor is where the next character would appear.
        let mut typed = Glass::new(width);
        typed.write("above\n");
        typed.write(text.get(..cursor).unwrap());
        let next = text[cursor..].chars().next().and_then(UnicodeWidthChar::width).unwrap_or(1);
        if next > 0 {
            let wraps = typed.column + next > width;
            let expected = if wraps { (typed.row + 1, 0) } else { (typed.row, typed.column) };
            prop_assert_eq!((glass.row, glass.column), expected);
        }
        glass.write(&erase(&text, cursor, width));
        prop_assert_eq!((glass.row, glass.column), (begin, 0));
        prop_assert!(glass.rows[begin].is_empty());
        prop_assert_eq!(glass.rows.len(), begin + 1);
    }

    #[test]
    fn names_in_columns_fit_and_none_is_lost(names in prop::collection::vec("[a-z]{1,12}", 0..40), width in 1_usize..100) {
        let rows = columns(&names, width);
        let mut shown: Vec<&str> = rows.iter().flat_map(|row| row.split_ascii_whitespace()).collect();
        let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
        shown.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(shown, expected);
        prop_assert!(rows.iter().all(|row| row.width() < width.max(13)));
    }
}
