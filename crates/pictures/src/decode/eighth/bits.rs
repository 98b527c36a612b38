//! The bit stream of a scan, and its Huffman codes (ITU-T T.81, annexes C and F).

/// Codes of at most this many bits are looked up.
const DIRECT: u32 = 10;

/// The number of values of as many bits.
const ENTRIES: usize = 1 << DIRECT;

/// A step to the end of a block.
const END: u8 = 128;

/// A table of Huffman codes.
#[derive(Debug)]
pub(super) struct Codes {
    /// Length and value by the next `DIRECT` bits; length 0 for longer codes.
    direct: Box<[(u8, u8); ENTRIES]>,
    /// For codes of coefficients, likewise: the length with the bits that follow, and the step to the
    /// next coefficient.
    steps: Box<[(u8, u8); ENTRIES]>,
    /// For each length: the first code above those of this length, aligned to 16 bits.
    ends: [u32; 17],
    /// For each length: the place of its first value, minus its first code.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Codes {
    /// The codes by the number of those of each length, and their values.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Option<Self> {
        let mut table = Self {
            direct: Box::new([(0, 0); ENTRIES]),
            steps: Box::new([(0, 0); ENTRIES]),
            ends: [0; 17],
            offsets: [0; 17],
            values: values.to_vec(),
        };
        let (mut code, mut place) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.offsets[length as usize] = place as i32 - code as i32;
            for _ in 0..count {
                let value = *values.get(place)?;
                if code >> length != 0 {
                    return None;
                }
                if length <= DIRECT {
                    let first = (code << (DIRECT - length)) as usize;
                    let all = first..first + (1 << (DIRECT - length));
                    table.direct[all.clone()].fill((length as u8, value));
                    if let Some((bits, step)) = step(value) {
                        table.steps[all].fill((length as u8 + bits, step));
                    }
                }
                code += 1;
                place += 1;
            }
            table.ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }
}

/// The bits behind a code of a coefficient, and the step to the next one: a number of zeros, and the
/// size of what follows.
fn step(code: u8) -> Option<(u8, u8)> {
    match (code >> 4, code & 15) {
        (0, 0) => Some((0, END)),
        (15, 0) => Some((0, 16)),
        (_, 0) => None,
        (zeros, size) => Some((size, zeros + 1)),
    }
}

/// A reader of bits. Behind the end of the stream, and at markers, it reads zeros, at most a few.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    stream: &'a [u8],
    next: usize,
    /// Bits that were read, the next one first.
    buffer: u64,
    /// How many they are.
    count: u32,
    /// Zero bytes that stand for missing ones.
    missing: u32,
}

/// The most missing bytes: a whole buffer.
const MOST_MISSING: u32 = 8;

impl<'a> Bits<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        Self { stream, next: 0, buffer: 0, count: 0, missing: 0 }
    }

    /// Fills the buffer with at least 32 bits; `None` behind the end.
    #[inline]
    fn fill(&mut self) -> Option<()> {
        if self.count >= 32 {
            return Some(());
        }
        if let Some(four) = self.stream.get(self.next..).and_then(<[u8]>::first_chunk) {
            let four = u32::from_be_bytes(*four);
            // A byte of ones is a zero byte of the complement.
            let others = !four;
            if others.wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.buffer |= u64::from(four) << (32 - self.count);
                self.count += 32;
                self.next += 4;
                return Some(());
            }
        }
        self.fill_by_bytes()
    }

    #[cold]
    fn fill_by_bytes(&mut self) -> Option<()> {
        while self.count < 32 {
            let byte = match (self.stream.get(self.next), self.stream.get(self.next + 1)) {
                (Some(0xff), Some(0)) => {
                    self.next += 2;
                    0xff
                }
                (Some(0xff), _) | (None, _) => {
                    self.missing += 1;
                    0
                }
                (Some(byte), _) => {
                    self.next += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        (self.missing <= MOST_MISSING).then_some(())
    }

    fn take(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// The value of the next code; `None` for one that does not exist, or behind the end.
    pub(super) fn code(&mut self, table: &Codes) -> Option<u8> {
        self.fill()?;
        let (length, value) = table.direct[(self.buffer >> (64 - DIRECT)) as usize];
        if length > 0 {
            self.take(length.into());
            return Some(value);
        }
        let next = (self.buffer >> 48) as u32;
        let length = (DIRECT + 1..=16).find(|length| next < table.ends[*length as usize])?;
        let place = (next >> (16 - length)) as i32 + table.offsets[length as usize];
        self.take(length);
        table.values.get(usize::try_from(place).ok()?).copied()
    }

    /// Skips the 63 coefficients of a block behind the first.
    pub(super) fn skip_block(&mut self, table: &Codes) -> Option<()> {
        let mut place = 1usize;
        while place < 64 {
            self.fill()?;
            let (length, step) = table.steps[(self.buffer >> (64 - DIRECT)) as usize];
            if length > 0 {
                self.take(length.into());
                place += usize::from(step);
            } else {
                // A code takes at most 16 of the 32 bits, what follows at most 15.
                let (bits, step) = self::step(self.code(table)?)?;
                self.take(bits.into());
                place += usize::from(step);
            }
        }
        (place == 64 || place > usize::from(END)).then_some(())
    }

    /// A number of up to 11 bits behind a code, as differences are written: those that begin with 0
    /// are negative.
    pub(super) fn signed(&mut self, count: u32) -> i32 {
        if count == 0 {
            return 0;
        }
        let value = (self.buffer >> (64 - count)) as i32;
        self.take(count);
        if value >> (count - 1) == 0 { value - (1 << count) + 1 } else { value }
    }

    /// Goes on behind the next restart marker.
    pub(super) fn restart(&mut self) -> Option<()> {
        (self.buffer, self.count, self.missing) = (0, 0, 0);
        let marker = self.stream.get(self.next..self.next + 2)?;
        if marker[0] != 0xff || !(0xd0..=0xd7).contains(&marker[1]) {
            return None;
        }
        self.next += 2;
        Some(())
    }
}
