//! The bit stream of a scan, and its Huffman codes (ITU-T T.81, annexes C and F).

/// Codes of at most this many bits are looked up.
const DIRECT: u32 = 10;

/// A table of Huffman codes.
#[derive(Debug)]
pub(super) struct Codes {
    /// Length and value by the next `DIRECT` bits; length 0 for longer codes.
    direct: Vec<(u8, u8)>,
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
            direct: vec![(0, 0); 1 << DIRECT],
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
                    table.direct[first..first + (1 << (DIRECT - length))]
                        .fill((length as u8, value));
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

    /// Fills the buffer with at least 32 bits.
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(four) = self.stream.get(self.next..self.next + 4)
            && !four.contains(&0xff)
        {
            let four = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
            self.buffer |= u64::from(four) << (32 - self.count);
            self.count += 32;
            self.next += 4;
            return;
        }
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
    }

    fn take(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// The value of the next code; `None` for one that does not exist, or behind the end.
    pub(super) fn code(&mut self, table: &Codes) -> Option<u8> {
        self.fill();
        if self.missing > MOST_MISSING {
            return None;
        }
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

    /// Skips up to 15 bits behind a code.
    pub(super) fn skip(&mut self, count: u32) {
        // A code takes at most 16 of the 32 bits.
        self.take(count);
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
