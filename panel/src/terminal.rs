//! The edge: the terminal, its keys, signals, and the loop between them. Everything that happens comes through one channel; while nothing
//! does, nothing runs.

use crate::app::App;
use crate::model::{Source, Update};
use crate::sixteen::Sixteen;
use crate::theme::Theme;
use crate::{Clock, view};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::{cursor, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout};
use std::sync::Once;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

/// Between two frames for what comes by itself; a key is answered at once.
const FRAME: Duration = Duration::from_millis(50);
/// Updates that wait to be shown; a source that is quicker waits.
const WAITING: usize = 1_024;

enum Message {
    Update(Update),
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    Signal(i32),
    /// There is no terminal to read from any more.
    Gone(io::Error),
}

/// Where a source's threads put what is new.
#[derive(Clone)]
pub struct Sender(SyncSender<Message>);

impl Sender {
    /// Waits while the panel has not shown what came before. `false`: the panel has ended.
    #[must_use]
    pub fn send(&self, update: Update) -> bool {
        self.0.send(Message::Update(update)).is_ok()
    }
}

/// The other end, for [`run`].
pub struct Updates(Receiver<Message>);

/// A channel from a source to the panel.
#[must_use]
pub fn updates() -> (Sender, Updates) {
    let (sender, receiver) = sync_channel(WAITING);
    (Sender(sender), Updates(receiver))
}

/// How the panel looks.
#[derive(Debug, Clone)]
pub struct Options {
    pub theme: Theme,
    /// What is asked before the panel is left by a key, where that ends what others may be using.
    pub leave: Option<String>,
}

/// How it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    ByKey,
    /// By this signal: the terminal has been given back, and the caller ends as it would have.
    BySignal(i32),
}

/// Ends this process by the signal that the panel was left by, so that whoever waits for it sees how it ended: once the panel has taken
/// the signals, they do nothing by themselves. Returns the code that a shell gives to such an end, for the case that it does not end.
pub fn end_by(signal: i32) -> i32 {
    // It fails for signals that are none of those.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    128 + signal
}

/// What went wrong with the terminal.
pub type Error = io::Error;

/// The terminal in its own mode; given back in any case.
struct Screen(Terminal<CrosstermBackend<Sixteen<Stdout>>>);

impl Screen {
    fn new() -> io::Result<Screen> {
        terminal::enable_raw_mode()?;
        if let Err(error) = execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide) {
            give_back();
            return Err(error);
        }
        // A panic's text belongs on the terminal that the user had.
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let others = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                others(panic);
            }));
        });
        Terminal::new(CrosstermBackend::new(Sixteen::new(io::stdout()))).map(Screen).inspect_err(|_| give_back())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// As it was. What fails here cannot be mended by anybody.
fn give_back() {
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// Shows the panel until its user leaves it or a signal comes.
///
/// # Errors
/// The terminal cannot be put into its mode, read or written.
pub fn run(options: Options, source: &dyn Source, sender: &Sender, updates: &Updates) -> io::Result<Left> {
    let mut app = App::new(options.theme);
    app.leave = options.leave;
    let signals = signals(sender)?;
    let mut screen = Screen::new()?;
    read_keys(sender)?;
    let mut changes = draw(&mut screen, &mut app)?;
    let mut drawn = Instant::now();
    let left = loop {
        let wait = changes.map(Duration::from_secs);
        let first = match wait {
            Some(wait) => updates.0.recv_timeout(wait),
            None => updates.0.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let mut at_once = false;
        let mut next = first.map(Some).or_else(|error| if error == RecvTimeoutError::Timeout { Ok(None) } else { Err(error) });
        // All that has come is one frame.
        loop {
            match next {
                Ok(Some(Message::Update(update))) => app.apply(update),
                Ok(Some(Message::Key(key))) if is_quit(&key) => {
                    signals.close();
                    return Ok(Left::BySignal(signal_hook::consts::SIGQUIT));
                }
                Ok(Some(Message::Key(key))) => {
                    app.key(key, source);
                    at_once = true;
                }
                Ok(Some(Message::Resized)) => at_once = true,
                Ok(Some(Message::Signal(number))) => {
                    signals.close();
                    return Ok(Left::BySignal(number));
                }
                Ok(Some(Message::Gone(error))) => return Err(error),
                Ok(None) => break,
                // This function has a sender of its own.
                Err(_) => return Ok(Left::ByKey),
            }
            if app.left {
                break;
            }
            let rest = if at_once { Duration::ZERO } else { FRAME.saturating_sub(drawn.elapsed()) };
            next = updates.0.recv_timeout(rest).map(Some).or(Ok(None));
        }
        if app.left {
            break Left::ByKey;
        }
        changes = draw(&mut screen, &mut app)?;
        drawn = Instant::now();
    };
    signals.close();
    Ok(left)
}

/// Ctrl-\, which ends programs at once wherever the terminal makes a signal of it. Without the newer protocol of keys it comes as Ctrl-4.
fn is_quit(key: &KeyEvent) -> bool {
    key.modifiers == KeyModifiers::CONTROL && matches!(key.code, KeyCode::Char('\\' | '4'))
}

fn draw(screen: &mut Screen, app: &mut App) -> io::Result<Option<u64>> {
    let clock = Clock { now: SystemTime::now() };
    let mut changes = None;
    screen.0.draw(|frame| changes = view::draw(app, frame, clock))?;
    Ok(changes)
}

/// The keys come from a thread that waits for them; it ends with the program, because nothing but a key wakes it.
fn read_keys(sender: &Sender) -> io::Result<()> {
    let sender = sender.0.clone();
    let read = move || {
        loop {
            let message = match crossterm::event::read() {
                // Terminals that tell of it report releases too.
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Message::Key(key),
                Ok(Event::Resize(..)) => Message::Resized,
                Ok(_) => continue,
                Err(error) => Message::Gone(error),
            };
            let is_last = matches!(message, Message::Gone(_));
            if sender.send(message).is_err() || is_last {
                break;
            }
        }
    };
    std::thread::Builder::new().name("panel-keys".to_owned()).stack_size(256 << 10).spawn(read).map(drop)
}

/// The signals that end a program come through the channel.
fn signals(sender: &Sender) -> io::Result<signal_hook::iterator::Handle> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let handle = signals.handle();
    let sender = sender.0.clone();
    let wait = move || {
        for number in &mut signals {
            if sender.send(Message::Signal(number)).is_err() {
                break;
            }
        }
    };
    std::thread::Builder::new().name("panel-signals".to_owned()).stack_size(128 << 10).spawn(wait)?;
    Ok(handle)
}
