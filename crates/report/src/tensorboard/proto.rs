//! The messages of an event file, of `event.proto`, `summary.proto` and the `hparams` plugin's `api.proto`.

use automl_study::State;

/// A message of protocol buffers, put together field by field.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn varint(mut self, mut x: u64) -> Self {
        while x >= 0x80 {
            self.0.push(x as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
        self
    }

    pub(super) fn integer(self, field: u64, x: u64) -> Self {
        self.varint(field << 3).varint(x)
    }

    pub(super) fn double(self, field: u64, x: f64) -> Self {
        let mut message = self.varint(field << 3 | 1);
        message.0.extend(x.to_le_bytes());
        message
    }

    fn float(self, field: u64, x: f32) -> Self {
        let mut message = self.varint(field << 3 | 5);
        message.0.extend(x.to_le_bytes());
        message
    }

    fn bytes(self, field: u64, bytes: &[u8]) -> Self {
        let mut message = self.varint(field << 3 | 2).varint(bytes.len() as u64);
        message.0.extend(bytes);
        message
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }
}

/// The first event of a file.
pub(super) fn version(time: f64) -> Vec<u8> {
    Message::new().double(1, time).text(3, "brain.Event:2").0
}

/// An event with one value of a summary.
pub(super) fn event(time: f64, step: i64, value: Message) -> Vec<u8> {
    let summary = Message::new().message(1, &value);
    Message::new().double(1, time).integer(2, step as u64).message(5, &summary).0
}

/// A scalar.
pub(super) fn scalar(tag: &str, value: f64) -> Message {
    Message::new().text(1, tag).float(2, value as f32)
}

/// The plugin's description of the parameters and the metrics.
pub(super) fn experiment<'a>(metrics: &[&str], params: impl Iterator<Item = &'a str>) -> Message {
    let info = params.chain(["state"]).fold(Message::new(), |experiment, name| {
        experiment.message(4, &Message::new().text(1, name))
    });
    let info = metrics.iter().fold(info, |experiment, tag| {
        experiment.message(5, &Message::new().message(1, &Message::new().text(2, tag)))
    });
    plugin("_hparams_/experiment", 2, &info)
}

/// The plugin's record of the parameters of a run; the state of the trial is one of them.
pub(super) fn session_start(time: f64, state: &str, params: Vec<(&str, Message)>) -> Message {
    let state = ("state", Message::new().text(3, state));
    let info = params.into_iter().chain([state]).fold(Message::new(), |info, (name, value)| {
        info.message(1, &Message::new().text(1, name).message(2, &value))
    });
    plugin("_hparams_/session_start_info", 3, &info.double(5, time))
}

/// The plugin's record of the end of a run.
pub(super) fn session_end(time: f64, state: State) -> Message {
    let status = match state {
        State::Failed => 2,
        State::Running | State::Paused | State::Waiting => 3,
        State::Complete | State::Pruned => 1,
    };
    plugin("_hparams_/session_end_info", 4, &Message::new().integer(1, status).double(2, time))
}

/// A value that only carries data of the plugin: its tensor is a zero.
fn plugin(tag: &str, field: u64, content: &Message) -> Message {
    let content = Message::new().message(field, content);
    let data = Message::new().text(1, "hparams").message(2, &content);
    let shape = Message::new().message(2, &Message::new().integer(1, 1));
    let zero = Message::new().integer(1, 1).message(2, &shape).float(5, 0.0);
    Message::new().text(1, tag).message(8, &zero).message(9, &Message::new().message(1, &data))
}
